import type { LaunchParams } from '../backend/backend.ts';
import type { DType } from '../backend/dtypes.ts';
import { philox4x32 } from '../backend/philox.ts';
import { effect, live, type Varying } from '../backend/recorder.ts';
import { codes } from '../backend/signatures.ts';
import { type CreateOptions, empty, tensor } from './create.ts';
import { ArgumentError } from './errors.ts';
import { checkShape, type Shape, sizeOf } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** Where random numbers come from: the same seed and stream give the same bits on every device. */
export interface RandomOptions extends CreateOptions {
  /** Defaults to the seed set by `manualSeed`. */
  seed?: number;
  /** Defaults to the number of random tensors made since `manualSeed`. */
  stream?: number;
}

let currentSeed = 0;
let nextStream = 0;

/** Sets the seed of random tensors and starts their streams anew. */
export function manualSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ArgumentError('manualSeed', 'not a seed', {
      takes: 'a whole number from 0 to 2^53 - 1',
      got: String(seed),
    });
  }
  currentSeed = seed;
  nextStream = 0;
}

/** Where the next random tensor takes its numbers from, unless told otherwise. */
export interface RngState {
  readonly seed: number;
  readonly stream: number;
}

/** What `setRngState` takes to go on from here. */
export function getRngState(): RngState {
  return { seed: currentSeed, stream: nextStream };
}

/**
 * Goes on from a state: what is drawn afterwards is what was drawn after `getRngState` gave it.
 *
 * @throws ArgumentError unless both are whole numbers from 0 to 2^53 - 1; nothing is changed then
 */
export function setRngState({ seed, stream }: RngState): void {
  if (!Number.isSafeInteger(stream) || stream < 0) {
    throw new ArgumentError('setRngState', 'not a stream', {
      takes: 'a whole number from 0 to 2^53 - 1',
      got: String(stream),
    });
  }
  manualSeed(seed);
  nextStream = stream;
}

/** Uniform numbers in [0, 1), multiples of 2^-24. */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  return uniform(shape, 0, 2 ** -24, options);
}

/**
 * Uniform numbers in [-bound, bound), as the default initialisations draw them: one rounding each, so that every
 * device gives the same bits.
 */
export function symmetricUniform(shape: Shape, bound: number, options: RandomOptions = {}): Tensor {
  return uniform(shape, 2 ** 23, bound * 2 ** -23, options);
}

/**
 * Whole numbers in [low, high), int32 unless `options.dtype` says otherwise.
 *
 * @throws ArgumentError when there is no whole number in the range
 */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  const whole = Number.isInteger(low) && Number.isInteger(high) && low >= -(2 ** 31) && high <= 2 ** 31;
  if (!whole || high <= low || high - low === 2 ** 32) {
    throw new ArgumentError('randint', 'no such range', {
      takes: 'whole numbers low < high within int32, less than 2^32 apart',
      got: `low ${low}, high ${high}`,
    });
  }
  const { dtype = 'int32', requiresGrad = false } = options;
  const drawn = generate(shape, { ...options, dtype: 'int32' }, codes.random.INTEGERS, {
    low,
    range: high - low,
  });
  const integers = converted(drawn, dtype);
  integers.requiresGrad = requiresGrad;
  return integers;
}

/**
 * Numbers from the standard normal distribution.
 *
 * Drawn on the host by Box and Muller's formula in float64, then uploaded: WGSL leaves the last bits of log and
 * cos open, and the same seed shall give the same bits everywhere.
 */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  return normal(shape, 0, 1, options);
}

/** Numbers from a normal distribution, drawn as `randn` draws them. */
export function normal(shape: Shape, mean: number, std: number, options: RandomOptions = {}): Tensor {
  const values = normalNumbers(sizeOf(checkShape('randn', shape)), options);
  return tensor(
    values.map((value) => mean + std * value),
    { dtype: 'float32', ...options, shape },
  );
}

/** Numbers from the standard normal distribution, on the host. */
export function normalNumbers(size: number, options: RandomOptions = {}): Float64Array {
  const { seed = currentSeed, stream = nextStream++ } = options;
  const key = halves(seed);
  const [streamLow, streamHigh] = halves(stream);
  const values = new Float64Array(size + 3);
  for (let block = 0; block * 4 < size; block++) {
    const words = philox4x32([block, 0, streamLow, streamHigh], key);
    for (let lane = 0; lane < 4 && block * 4 + lane < size; lane += 2) {
      // From (0, 1], so that the logarithm is finite.
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

/** A seed and a stream, as kernels take them. */
export type RandomOrigin = Record<'seedLow' | 'seedHigh' | 'streamLow' | 'streamHigh', Varying>;

/** The seed and the stream that options name, or the next stream of the current seed: in a captured step, each time. */
export function randomOrigin({ seed, stream }: RandomOptions): RandomOrigin {
  let drawn = stream ?? 0;
  if (stream === undefined) effect(() => (drawn = nextStream++));
  const chosen = (): number => seed ?? currentSeed;
  return {
    seedLow: live(() => halves(chosen())[0]),
    seedHigh: live(() => halves(chosen())[1]),
    streamLow: live(() => halves(drawn)[0]),
    streamHigh: live(() => halves(drawn)[1]),
  };
}

/** A whole number below 2^53 as two 32-bit words, low first. */
function halves(value: number): [number, number] {
  return [value >>> 0, Math.floor(value / 2 ** 32)];
}
