import { type Backend, nn, optim, scope, tensor } from '../../src/index.ts';

/** A call of an initialiser, and the mean and standard deviation that PyTorch documents for it. */
export interface InitialiserCase {
  name: string;
  args: unknown[];
  mean?: number;
  std: number;
}

const SHAPE = [60, 40, 3, 5];
const [FAN_IN, FAN_OUT] = [40 * 15, 60 * 15];

/** What PyTorch documents for calculate_gain. */
const GAINS = { linear: 1, conv2d: 1, sigmoid: 1, tanh: 5 / 3, relu: Math.SQRT2, selu: 3 / 4 };

export const initialiserCases: readonly InitialiserCase[] = [
  { name: 'uniform', args: [SHAPE, -3, 2], mean: -0.5, std: 5 / Math.sqrt(12) },
  { name: 'normal', args: [SHAPE, 2, 0.1], mean: 2, std: 0.1 },
  ...['kaimingUniform', 'kaimingNormal'].flatMap((name) => [
    { name, args: [SHAPE, { a: 0.5 }], std: Math.sqrt(2 / 1.25 / FAN_IN) },
    { name, args: [SHAPE, { mode: 'fanOut' }], std: Math.sqrt(2 / FAN_OUT) },
    ...Object.entries(GAINS).map(([nonlinearity, gain]) => ({
      name,
      args: [SHAPE, { nonlinearity }],
      std: gain / Math.sqrt(FAN_IN),
    })),
  ]),
  ...['xavierUniform', 'xavierNormal'].map((name) => ({
    name,
    args: [SHAPE, { gain: 2 }],
    std: 2 * Math.sqrt(2 / (FAN_IN + FAN_OUT)),
  })),
  // Rows of 600 numbers and of length 2.
  { name: 'orthogonal', args: [SHAPE, { gain: 2 }], std: 2 / Math.sqrt(FAN_IN) },
];

/** Whether an initialiser's numbers have their mean and standard deviation, to a few standard errors. */
export async function isDistributed({ name, args, mean = 0, std }: InitialiserCase): Promise<boolean> {
  const make = (
    nn.init as unknown as Record<string, (...args: unknown[]) => ReturnType<typeof nn.init.normal>>
  )[name]!;
  const values = Array.from(await make(...args).data());
  const found = values.reduce((sum, each) => sum + each, 0) / values.length;
  const square = values.reduce((sum, each) => sum + (each - found) ** 2, 0) / values.length;
  return Math.abs(found - mean) < 0.03 * std && Math.abs(Math.sqrt(square) / std - 1) < 0.03;
}

/** Options that are far from the defaults of PyTorch's GradScaler, and the scales that follow. */
export const scalerOptions = { initScale: 8, growthFactor: 3, backoffFactor: 0.25, growthInterval: 2 };
const STEPS = [1, 1, Infinity, 1, 1];
const SCALES = [8, 24, 6, 6, 18];

/** Whether a scaler's scales follow from finite gradients and others as `scalerOptions` say. */
export async function scalesAsTold(options: optim.GradScalerOptions, device: Backend): Promise<boolean> {
  const scaler = new optim.GradScaler({ ...options, device });
  const parameter = tensor([1], { device, requiresGrad: true });
  const optimizer = new optim.SGD([parameter], { lr: 0 });
  const scales: number[] = [];
  for (const slope of STEPS) {
    scope(() => scaler.scale(parameter.mul(slope).sum()).backward());
    scaler.step(optimizer);
    scaler.update();
    optimizer.zeroGrad();
    scales.push(await scaler.getScale());
  }
  return scales.every((scale, index) => scale === SCALES[index]);
}
