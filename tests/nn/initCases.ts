import { type Backend, nn, type Tensor } from '../../src/index.ts';

const { init } = nn;

/** An initialiser with the distribution that it should have. */
export interface InitCase {
  make: (device: Backend) => Tensor;
  mean: number;
  std: number;
  /** The share of numbers within one standard deviation of the mean. */
  within: number;
  /** The ends of a uniform distribution. */
  ends?: readonly [number, number];
}

const SHAPE = [60, 40, 3, 5];
const [FAN_IN, FAN_OUT] = [40 * 15, 60 * 15];
const UNIFORM = 1 / Math.sqrt(3);
const NORMAL = 0.6827;

const bounded = (make: InitCase['make'], bound: number): InitCase => ({
  make,
  mean: 0,
  std: bound / Math.sqrt(3),
  within: UNIFORM,
  ends: [-bound, bound],
});
const bell = (make: InitCase['make'], std: number, mean: number = 0): InitCase => ({
  make,
  mean,
  std,
  within: NORMAL,
});

export const initCases: Record<string, InitCase> = {
  uniform: {
    ...bounded((device) => init.uniform(SHAPE, undefined, undefined, { seed: 1, stream: 0, device }), 0.5),
    mean: 0.5,
    ends: [0, 1],
  },
  'uniform in a range': {
    ...bounded((device) => init.uniform(SHAPE, -3, 0.1, { seed: 2, stream: 0, device }), 1.55),
    mean: -1.45,
    ends: [-3, 0.1],
  },
  normal: bell((device) => init.normal(SHAPE, undefined, undefined, { seed: 3, stream: 0, device }), 1),
  'normal about 2': bell((device) => init.normal(SHAPE, 2, 0.1, { seed: 4, stream: 0, device }), 0.1, 2),
  kaimingUniform: bounded(
    (device) => init.kaimingUniform(SHAPE, { seed: 5, stream: 0, device }),
    Math.sqrt(6 / FAN_IN),
  ),
  'kaimingUniform as layers have it': bounded(
    (device) => init.kaimingUniform(SHAPE, { a: Math.sqrt(5), seed: 6, stream: 0, device }),
    1 / Math.sqrt(FAN_IN),
  ),
  'kaimingUniform, fanOut, tanh': bounded(
    (device) =>
      init.kaimingUniform(SHAPE, { mode: 'fanOut', nonlinearity: 'tanh', seed: 7, stream: 0, device }),
    (Math.sqrt(3) * (5 / 3)) / Math.sqrt(FAN_OUT),
  ),
  kaimingNormal: bell(
    (device) => init.kaimingNormal(SHAPE, { nonlinearity: 'relu', seed: 8, stream: 0, device }),
    Math.sqrt(2 / FAN_IN),
  ),
  'kaimingNormal, fanOut, leaky': bell(
    (device) => init.kaimingNormal(SHAPE, { a: 0.2, mode: 'fanOut', seed: 9, stream: 0, device }),
    Math.sqrt(2 / 1.04 / FAN_OUT),
  ),
  xavierUniform: bounded(
    (device) => init.xavierUniform(SHAPE, { gain: 2, seed: 10, stream: 0, device }),
    2 * Math.sqrt(6 / (FAN_IN + FAN_OUT)),
  ),
  xavierNormal: bell(
    (device) => init.xavierNormal(SHAPE, { gain: 0.5, seed: 11, stream: 0, device }),
    0.5 * Math.sqrt(2 / (FAN_IN + FAN_OUT)),
  ),
};

/** Initialisers without a distribution to check here. */
export const otherInits: Record<string, (device: Backend) => Tensor> = {
  constant: (device) => init.constant([3, 2], 0.1, { device }),
  zeros: (device) => init.zeros([3, 2], { device }),
  ones: (device) => init.ones([3, 2], { device }),
  'orthogonal, wide': (device) => init.orthogonal([20, 5, 7], { seed: 12, stream: 0, device }),
  'orthogonal, tall': (device) => init.orthogonal([35, 20], { gain: 2, seed: 13, stream: 0, device }),
};
