/**
 * Initialisers: new random tensors from the counter-based generator, so a seed and a stream give the same bits on every
 * device. PyTorch's initialisers fill an existing tensor; these return a new one.
 */
import { type Maybe, type Rest, type Signature, signature } from '../tensor/arguments.ts';
import { CREATE, type CreateOptions, full, tensor } from '../tensor/create.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { NUMBER, oneOf, REAL, SIZES } from '../tensor/kinds.ts';
import {
  normal as normalDistribution,
  normalNumbers,
  RANDOM,
  type RandomOptions,
  symmetricUniform,
  withoutSource,
} from '../tensor/random.ts';
import { scope } from '../tensor/scope.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

export { ones, zeros } from '../tensor/create.ts';

const fansArguments = signature('fans', { shape: SIZES });

/** The number of inputs and outputs of one unit: sizes of dims 1 and 0, times the receptive field. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  fansArguments(arguments);
  if (shape.length < 2) {
    throw new ShapeError('fans', 'fewer than two dims', {
      takes: 'a weight of at least two dims',
      got: formatShape(shape),
    });
  }
  const field = sizeOf(shape.slice(2));
  return { fanIn: shape[1]! * field, fanOut: shape[0]! * field };
}

/** The nonlinearity after a weight, for `calculateGain`. */
export type Nonlinearity = 'linear' | 'conv2d' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu';

const gains: Readonly<Record<Nonlinearity, (param: number) => number>> = {
  linear: () => 1,
  conv2d: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyRelu: (param) => Math.sqrt(2 / (1 + param * param)),
  selu: () => 3 / 4,
};

const NONLINEARITY = oneOf(...Object.keys(gains));
const gainArguments = signature<{ param?: number }>(
  'calculateGain',
  { nonlinearity: NONLINEARITY },
  { param: REAL },
);

/**
 * The factor of a weight's standard deviation that compensates for the nonlinearity after it.
 *
 *     linear, conv2d, sigmoid: 1   tanh: 5/3   relu: √2   leakyRelu: √(2 / (1 + param²))   selu: 3/4
 *
 * Source: PyTorch's torch.nn.init.calculate_gain.
 *
 * @param param the slope of leakyRelu; defaults to 0.01
 */
export function calculateGain(
  nonlinearity: Nonlinearity,
  ...rest: [param?: Maybe<number>] | [options: { param?: Maybe<number> }]
): number {
  const { param = 0.01 } = gainArguments([nonlinearity, ...rest]);
  return gains[nonlinearity](param);
}

/** Options of `kaimingUniform` and `kaimingNormal`. */
export interface KaimingOptions extends RandomOptions {
  /** The slope of the leaky relu that follows, 0 by default. PyTorch's layers use √5, which gives 1 / √fanIn. */
  a?: number;
  /** Preserves the variance of the activations (`fanIn`, the default) or of the gradients. */
  mode?: 'fanIn' | 'fanOut';
  /** The nonlinearity that follows; defaults to leakyRelu. */
  nonlinearity?: Nonlinearity;
}

const kaimingSignature = (name: string): Signature<KaimingOptions> =>
  signature<KaimingOptions>(
    name,
    { shape: SIZES },
    { a: REAL, mode: oneOf('fanIn', 'fanOut'), nonlinearity: NONLINEARITY, ...RANDOM },
    3,
  );
const xavierSignature = (name: string): Signature<RandomOptions & { gain?: number }> =>
  signature<RandomOptions & { gain?: number }>(name, { shape: SIZES }, { gain: REAL, ...RANDOM }, 1);
const takes = {
  kaimingUniform: kaimingSignature('init.kaimingUniform'),
  kaimingNormal: kaimingSignature('init.kaimingNormal'),
  xavierUniform: xavierSignature('init.xavierUniform'),
  xavierNormal: xavierSignature('init.xavierNormal'),
  orthogonal: xavierSignature('init.orthogonal'),
  uniform: signature<RandomOptions & { low?: number; high?: number }>(
    'init.uniform',
    { shape: SIZES },
    { low: REAL, high: REAL, ...RANDOM },
    2,
  ),
  normal: signature<RandomOptions & { mean?: number; std?: number }>(
    'init.normal',
    { shape: SIZES },
    { mean: REAL, std: REAL, ...RANDOM },
    2,
  ),
  constant: signature<CreateOptions>('init.constant', { shape: SIZES, value: NUMBER }, CREATE, 0),
};

/** The gain of an initialiser, in order or by name, and where the numbers come from. */
export type GainArguments =
  | [options?: Maybe<RandomOptions & { gain?: number }>]
  | [gain: Maybe<number>, options?: Maybe<RandomOptions>];

/**
 * Uniform numbers in [-bound, bound), bound = √3 · gain / √fan, gain = √(2 / (1 + a²)) for a leaky relu.
 *
 * Source: He, Zhang, Ren, Sun: Delving deep into rectifiers (2015); PyTorch's kaiming_uniform_.
 *
 * @throws ShapeError for a shape of fewer than two dims
 * @example kaimingUniform([256, 784], { nonlinearity: 'relu' })
 */
export function kaimingUniform(shape: Shape, ...rest: Rest<KaimingOptions>): Tensor {
  const { gain, fan, random } = kaiming(shape, takes.kaimingUniform([shape, ...rest]));
  return symmetricUniform(shape, (Math.sqrt(3) * gain) / Math.sqrt(fan), random);
}

/**
 * Normal numbers of mean 0 and standard deviation gain / √fan, gain = √(2 / (1 + a²)) for a leaky relu.
 *
 * Source: He, Zhang, Ren, Sun: Delving deep into rectifiers (2015); PyTorch's kaiming_normal_.
 *
 * @throws ShapeError for a shape of fewer than two dims
 */
export function kaimingNormal(shape: Shape, ...rest: Rest<KaimingOptions>): Tensor {
  const { gain, fan, random } = kaiming(shape, takes.kaimingNormal([shape, ...rest]));
  return normalDistribution(shape, 0, gain / Math.sqrt(fan), random);
}

function kaiming(
  shape: Shape,
  { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu', ...random }: KaimingOptions,
): { gain: number; fan: number; random: RandomOptions } {
  return { gain: calculateGain(nonlinearity, a), fan: fans(shape)[mode], random };
}

/**
 * Uniform numbers in [-bound, bound), bound = gain · √(6 / (fanIn + fanOut)).
 *
 * Source: Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (2010).
 *
 * @param options.gain defaults to 1; see `calculateGain`
 * @throws ShapeError for a shape of fewer than two dims
 */
export function xavierUniform(shape: Shape, ...rest: GainArguments): Tensor {
  const { gain = 1, ...random } = takes.xavierUniform([shape, ...rest]);
  const { fanIn, fanOut } = fans(shape);
  return symmetricUniform(shape, gain * Math.sqrt(6 / (fanIn + fanOut)), random);
}

/**
 * Normal numbers of mean 0 and standard deviation gain · √(2 / (fanIn + fanOut)).
 *
 * Source: Glorot, Bengio (2010); PyTorch's xavier_normal_.
 *
 * @param options.gain defaults to 1; see `calculateGain`
 * @throws ShapeError for a shape of fewer than two dims
 */
export function xavierNormal(shape: Shape, ...rest: GainArguments): Tensor {
  const { gain = 1, ...random } = takes.xavierNormal([shape, ...rest]);
  const { fanIn, fanOut } = fans(shape);
  return normalDistribution(shape, 0, gain * Math.sqrt(2 / (fanIn + fanOut)), random);
}

/**
 * Uniform numbers in [low, high), [0, 1) by default.
 *
 * @throws ArgumentError unless low < high
 */
export function uniform(
  shape: Shape,
  ...rest:
    | [low?: Maybe<number>, high?: Maybe<number>, options?: Maybe<RandomOptions>]
    | [options: RandomOptions & { low?: number; high?: number }]
): Tensor {
  const { low = 0, high = 1, ...options } = takes.uniform([shape, ...rest]);
  if (!(low < high)) {
    throw new ArgumentError('init.uniform', 'invalid range', {
      takes: 'low < high',
      got: `low ${low}, high ${high}`,
    });
  }
  const { requiresGrad = false, ...random } = options;
  const values = scope(() => symmetricUniform(shape, (high - low) / 2, random).add((low + high) / 2));
  values.requiresGrad = requiresGrad;
  return values;
}

/**
 * Normal numbers, with mean 0 and standard deviation 1 by default.
 *
 * @throws ArgumentError for a negative standard deviation
 */
export function normal(
  shape: Shape,
  ...rest:
    | [mean?: Maybe<number>, std?: Maybe<number>, options?: Maybe<RandomOptions>]
    | [options: RandomOptions & { mean?: number; std?: number }]
): Tensor {
  const { mean = 0, std = 1, ...options } = takes.normal([shape, ...rest]);
  if (!(std >= 0)) {
    throw new ArgumentError('init.normal', 'invalid standard deviation', {
      takes: 'std ≥ 0',
      got: `std ${std}`,
    });
  }
  return normalDistribution(shape, mean, std, options);
}

/** A tensor filled with one value. */
export function constant(shape: Shape, value: number, ...rest: Rest<CreateOptions>): Tensor {
  return full(shape, value, takes.constant([shape, value, ...rest]));
}

/**
 * A random matrix with orthonormal rows, times gain; if there are more rows than columns, the columns are orthonormal.
 * Dims after the first count as one. The distribution is uniform over all such matrices: Gram and Schmidt's process on
 * normal vectors, on the host.
 *
 * Source: Saxe, McClelland, Ganguli: Exact solutions to the nonlinear dynamics of learning (2014); PyTorch's
 * orthogonal_.
 *
 * @param options.gain defaults to 1; see `calculateGain`
 * @throws ShapeError for a shape of fewer than two dims
 */
export function orthogonal(shape: Shape, ...rest: GainArguments): Tensor {
  const { gain = 1, ...random } = takes.orthogonal([shape, ...rest]);
  if (shape.length < 2) {
    throw new ShapeError('init.orthogonal', 'not a matrix', {
      takes: 'at least two dims',
      got: formatShape(shape),
    });
  }
  const [rows, columns] = [shape[0]!, sizeOf(shape.slice(1))];
  const length = Math.max(rows, columns);
  const drawn = normalNumbers(rows * columns, random);
  const vectors = Array.from({ length: Math.min(rows, columns) }, (_, index) =>
    drawn.slice(index * length, (index + 1) * length),
  );
  orthonormalise(vectors);
  const values = new Float64Array(rows * columns);
  vectors.forEach((vector, index) =>
    vector.forEach((value, at) => {
      values[rows < columns ? index * columns + at : at * columns + index] = gain * value;
    }),
  );
  return tensor(values, { dtype: 'float32', ...withoutSource(random), shape });
}

/** Makes vectors orthonormal in place. Each is orthogonalised twice, because one pass leaves rounding errors. */
function orthonormalise(vectors: readonly Float64Array[]): void {
  const dot = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, value, at) => sum + value * b[at]!, 0);
  vectors.forEach((vector, index) => {
    for (let pass = 0; pass < 2; pass++) {
      for (const other of vectors.slice(0, index)) {
        const share = dot(vector, other);
        for (let at = 0; at < vector.length; at++) vector[at]! -= share * other[at]!;
      }
    }
    const norm = Math.sqrt(dot(vector, vector));
    for (let at = 0; at < vector.length; at++) vector[at]! /= norm;
  });
}
