import type { LaunchParams } from '../backend/backend.ts';
import { type DType, isWhole } from '../backend/dtypes.ts';
import { philox4x32Into } from '../backend/philox.ts';
import {
  activeRecorder,
  effect,
  live,
  outsideCapture,
  refuseInCapture,
  type Varying,
} from '../backend/recorder.ts';
import { codes } from '../backend/signatures.ts';
import { unsurveyed } from '../backend/survey.ts';
import { type Kind, listSignature, type Maybe, signature } from './arguments.ts';
import { CREATE, type CreateOptions, empty, type SizesAndOptions, tensor, write } from './create.ts';
import { ArgumentError, DTypeError, GradientError } from './errors.ts';
import { hostSpace } from './hostValues.ts';
import { INTEGER, SIZES } from './kinds.ts';
import { copyInto } from './dense.ts';
import { unscoped } from './scope.ts';
import { checkShape, type Shape, sizeOf } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** The source of random numbers. The same seed and stream give the same bits on every device. */
export interface RandomOptions extends CreateOptions {
  /** Defaults to the seed set by `manualSeed`. */
  seed?: number;
  /** Defaults to the number of random tensors that were created since `manualSeed`. */
  stream?: number;
}

const SEED: Kind = {
  takes: 'an integer from 0 to 2^53 - 1',
  fits: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
};

/** The kinds of `RandomOptions`. */
export const RANDOM: { readonly [Name in keyof RandomOptions]-?: Kind } = {
  ...CREATE,
  seed: SEED,
  stream: SEED,
};

let currentSeed = 0;
let nextStream = 0;

const manualSeedArguments = signature('manualSeed', { seed: SEED });

/**
 * Sets the seed of random tensors and restarts their streams.
 *
 * @example
 * manualSeed(42);
 * const x = rand([2, 3]); // the same numbers in every run
 */
export function manualSeed(seed: number): void {
  manualSeedArguments(arguments);
  refuseInCapture('manualSeed()', 'Set the seed between steps.');
  currentSeed = seed;
  nextStream = 0;
}

/** The seed and the stream of the next random tensor. */
export interface RngState {
  readonly seed: number;
  readonly stream: number;
}

/** Returns the state for `setRngState`. */
export function getRngState(): RngState {
  refuseInCapture('getRngState()', 'Read the state between steps.');
  return { seed: currentSeed, stream: nextStream };
}

/**
 * Continues from a state: the next random tensors are those that followed the `getRngState` call.
 *
 * @throws ArgumentError unless both are integers from 0 to 2^53 - 1; nothing changes then
 */
export function setRngState({ seed, stream }: RngState): void {
  if (!Number.isSafeInteger(stream) || stream < 0) {
    throw new ArgumentError('setRngState', 'not a stream', {
      takes: 'an integer from 0 to 2^53 - 1',
      got: String(stream),
    });
  }
  manualSeed(seed);
  nextStream = stream;
}

/** The origin of random numbers. It is drawn when a step runs, and again by every replay of the step. */
export interface Draw {
  seed: number;
  stream: number;
}

function nextDraw(): Draw {
  const drawn = { seed: 0, stream: 0 };
  effect(() => {
    drawn.seed = currentSeed;
    drawn.stream = nextStream++;
  });
  return drawn;
}

let drawing: () => Draw = nextDraw;

/** Runs `body` and notes its draws, in order. */
export function notingDraws<T>(noted: Draw[], body: () => T): T {
  const outer = drawing;
  return drawingBy(() => {
    const drawn = outer();
    noted.push(drawn);
    return drawn;
  }, body);
}

/** Runs `body` with the draws of an earlier run. The random state stays as it is. */
export function repeatingDraws<T>(noted: readonly Draw[], body: () => T): T {
  const state = [currentSeed, nextStream] as const;
  let next = 0;
  try {
    const result = drawingBy(() => noted[next++] ?? refuseDraws(), body);
    if (next < noted.length) refuseDraws();
    return result;
  } finally {
    [currentSeed, nextStream] = state;
  }
}

function drawingBy<T>(draw: () => Draw, body: () => T): T {
  const outer = drawing;
  drawing = draw;
  try {
    return body();
  } finally {
    drawing = outer;
  }
}

function refuseDraws(): never {
  throw new GradientError(
    'checkpoint: the function draws other random numbers when backward runs it again. Its modules must be in the same mode.',
  );
}

const randArguments = listSignature<RandomOptions>('rand', {}, 'sizes', RANDOM);
const randnArguments = listSignature<RandomOptions>('randn', {}, 'sizes', RANDOM);
const randintArguments = signature<RandomOptions>(
  'randint',
  { low: INTEGER, high: INTEGER, shape: SIZES },
  RANDOM,
  0,
);

/**
 * Uniform numbers in [0, 1), multiples of 2^-24.
 *
 * @throws DTypeError for an integer dtype
 * @example
 * rand(2, 3);
 * rand([2, 3], { seed: 1 });
 */
export function rand(...sizes: SizesAndOptions<RandomOptions>): Tensor {
  const { list, options } = randArguments(sizes);
  const { dtype = 'float32' } = options;
  if (isWhole(dtype)) {
    throw new DTypeError('rand', `no ${dtype}`, { takes: 'a floating dtype; use randint', got: dtype });
  }
  return uniform(checkShape('rand', list), 0, 2 ** -24, options);
}

/**
 * Uniform numbers in [-bound, bound), as the default initialisations use them. Each is rounded once, so every device
 * gives the same bits.
 */
export function symmetricUniform(shape: Shape, bound: number, options: RandomOptions = {}): Tensor {
  return uniform(shape, 2 ** 23, bound * 2 ** -23, options);
}

/**
 * Integers in [low, high), or in [0, high), int32 unless `options.dtype` says otherwise.
 *
 * @throws ArgumentError if the range contains no integer
 * @example
 * randint(0, 10, [64]); // class labels
 * randint(10, [64]); // the same
 */
export function randint(
  ...given:
    | [low: number, high: number, shape: Shape, options?: Maybe<RandomOptions>]
    | [high: number, shape: Shape, options?: Maybe<RandomOptions>]
): Tensor {
  // Without low, the sizes come second.
  const all = Array.isArray(given[1]) ? [0, ...given] : given;
  const options = randintArguments(all);
  const [low, high, shape] = all as [number, number, Shape];
  const whole = Number.isInteger(low) && Number.isInteger(high) && low >= -(2 ** 31) && high <= 2 ** 31;
  if (!whole || high <= low || high - low === 2 ** 32) {
    throw new ArgumentError('randint', 'invalid range', {
      takes: 'integers low < high within int32, less than 2^32 apart',
      got: `low ${low}, high ${high}`,
    });
  }
  const { dtype = 'int32', requiresGrad = false } = options;
  const drawn = generate(
    checkShape('randint', shape),
    { ...options, dtype: 'int32' },
    codes.random.INTEGERS,
    {
      low,
      range: high - low,
    },
  );
  const integers = converted(drawn, dtype);
  integers.requiresGrad = requiresGrad;
  return integers;
}

/**
 * Numbers from the standard normal distribution.
 *
 * The host computes them by Box and Muller's formula in float64 and uploads them. WGSL does not fix the last bits of
 * log and cos, and the same seed must give the same bits on every device.
 */
export function randn(...sizes: SizesAndOptions<RandomOptions>): Tensor {
  const { list, options } = randnArguments(sizes);
  return normal(list, 0, 1, options);
}

/** Numbers from a normal distribution, computed like those of `randn`. */
export function normal(shape: Shape, mean: number, std: number, options: RandomOptions = {}): Tensor {
  const size = sizeOf(checkShape('randn', shape));
  const origin = options.stream === undefined ? drawing() : undefined;
  const draw = (): Float64Array => {
    const values = normalNumbers(size, {
      seed: options.seed ?? origin?.seed ?? currentSeed,
      stream: options.stream ?? origin!.stream,
    });
    for (let at = 0; at < size; at++) values[at] = mean + std * values[at]!;
    return values;
  };
  const recorder = activeRecorder();
  if (!recorder) return tensor(draw(), { dtype: 'float32', ...withoutSource(options), shape });
  // Every replay draws new numbers and uploads them before its launches.
  const { requiresGrad = false, ...create } = withoutSource(options);
  const uploaded = recorder.once(() => unscoped(() => empty(shape, create, 'randn')));
  recorder.effect(() => outsideCapture(() => write(uploaded, draw())));
  const drawn = empty(shape, create, 'randn');
  unsurveyed(() => copyInto(uploaded, drawn));
  drawn.requiresGrad = requiresGrad;
  return drawn;
}

/** The options of a tensor of random numbers that are already drawn. */
export function withoutSource({ dtype, requiresGrad, device }: RandomOptions): CreateOptions {
  return {
    ...(dtype && { dtype }),
    ...(requiresGrad !== undefined && { requiresGrad }),
    ...(device && { device }),
  };
}

/** Computes numbers from the standard normal distribution on the host. */
export function normalNumbers(size: number, options: RandomOptions = {}): Float64Array {
  const drawn = options.stream === undefined ? drawing() : undefined;
  const { seed = drawn?.seed ?? currentSeed, stream = drawn!.stream } = options;
  const [keyLow, keyHigh] = halves(seed);
  const words = new Uint32Array(4);
  const [streamLow, streamHigh] = halves(stream);
  const values = hostSpace('randn', 'float64', size + 3) as Float64Array;
  for (let block = 0; block * 4 < size; block++) {
    philox4x32Into(words, block, 0, streamLow, streamHigh, keyLow, keyHigh);
    for (let lane = 0; lane < 4 && block * 4 + lane < size; lane += 2) {
      // In (0, 1], so the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log((words[lane]! + 1) * 2 ** -32));
      const angle = 2 * Math.PI * words[lane + 1]! * 2 ** -32;
      values[block * 4 + lane] = radius * Math.cos(angle);
      values[block * 4 + lane + 1] = radius * Math.sin(angle);
    }
  }
  return values.subarray(0, size);
}

function uniform(shape: Shape, center: number, scale: number, options: RandomOptions): Tensor {
  const { dtype = 'float32', requiresGrad = false } = options;
  const drawn = generate(shape, { ...options, dtype: 'float32' }, codes.random.UNIFORM, { center, scale });
  const numbers = converted(drawn, dtype);
  numbers.requiresGrad = requiresGrad;
  return numbers;
}

function converted(drawn: Tensor, dtype: DType): Tensor {
  if (drawn.dtype === dtype) return drawn;
  const result = drawn.to(dtype);
  drawn.dispose();
  return result;
}

function generate(
  shape: Shape,
  options: RandomOptions,
  form: number,
  numbers: Partial<LaunchParams<'random'>>,
): Tensor {
  const created = empty(shape, { ...options, requiresGrad: false });
  const params = {
    size: created.numel(),
    center: 0,
    scale: 0,
    low: 0,
    range: 0,
    ...randomOrigin(options),
    ...numbers,
  };
  if (created.numel() > 0)
    created.device.run('random', { out: created.storage.buffer }, params, { FORM: form });
  return created;
}

/** A seed and a stream, in the form that kernels take. */
export type RandomOrigin = Record<'seedLow' | 'seedHigh' | 'streamLow' | 'streamHigh', Varying>;

/**
 * The seed and the stream that the options name, or the next stream of the current seed. In a captured step every
 * replay takes the next stream.
 */
export function randomOrigin({ seed, stream }: RandomOptions): RandomOrigin {
  const drawn = stream === undefined ? drawing() : undefined;
  const chosen = (): number => seed ?? drawn?.seed ?? currentSeed;
  const place = (): number => stream ?? drawn!.stream;
  return {
    seedLow: live(() => halves(chosen())[0]),
    seedHigh: live(() => halves(chosen())[1]),
    streamLow: live(() => halves(place())[0]),
    streamHigh: live(() => halves(place())[1]),
  };
}

/** An integer below 2^53 as two 32-bit words, low word first. */
function halves(value: number): [number, number] {
  return [value >>> 0, Math.floor(value / 2 ** 32)];
}
