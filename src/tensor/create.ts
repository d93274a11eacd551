import type { Backend } from '../backend/backend.ts';
import { activeRecorder } from '../backend/recorder.ts';
import { type DType, hostArray, isWhole, type TypedArray } from '../backend/dtypes.ts';
import { defaultDevice } from './device.ts';
import { ArgumentError, DeviceError, DTypeError, ShapeError } from './errors.ts';
import { nestedValues } from './nested.ts';
import { unscoped } from './scope.ts';
import { checkShape, formatShape, type Shape, sizeOf, stridesOf } from './shape.ts';
import { Storage } from './storage.ts';
import { type NestedArray, Tensor } from './tensor.ts';

/** Options of every creation function. */
export interface CreateOptions {
  /** Defaults to float32, or to the type of a typed array. */
  dtype?: DType;
  requiresGrad?: boolean;
  /** Defaults to the device that `init` opened last. */
  device?: Backend;
}

/** The devices that a dtype needs, for dtypes that not all devices support. */
const TAKES: Partial<Record<DType, string>> = {
  float64: 'float64 on the CPU backend only',
  float16: "a WebGPU device with the feature 'shader-f16', or the CPU backend; use float32 on this device",
};

/** A new contiguous tensor with undefined contents, for kernels to fill. */
export function empty(shape: Shape, options: CreateOptions = {}): Tensor {
  const { dtype = 'float32', requiresGrad = false, device = defaultDevice() } = options;
  checkShape('empty', shape);
  if (!device.supports(dtype)) {
    throw new DeviceError('empty', `${device.name} does not support ${dtype}`, {
      takes: TAKES[dtype] ?? 'float32, int32, bool or uint8',
      got: `${dtype}${formatShape(shape)} on ${device.name} (${device.description})`,
    });
  }
  const storage = Storage.allocate(device, dtype, sizeOf(shape));
  const created = new Tensor(storage, { shape: [...shape], strides: stridesOf(shape), offset: 0 });
  if (requiresGrad) created.requiresGrad = true;
  return created;
}

/**
 * Creates a tensor from values.
 *
 * @param data a number, nested arrays of numbers or booleans, or a typed array with `options.shape`
 * @throws ShapeError if nested arrays are ragged, or if the data does not fill the shape
 * @throws DTypeError if an int32 tensor gets a number with a fraction
 * @example
 * tensor([[1, 2], [3, 4]]);
 * tensor(new Float32Array(6), { shape: [2, 3], requiresGrad: true });
 * tensor([3, 1], { dtype: 'int32' });
 */
export function tensor(
  data: NestedArray | boolean | readonly boolean[] | TypedArray,
  options: CreateOptions & { shape?: Shape } = {},
): Tensor {
  const {
    values,
    shape: found,
    dtype: natural,
  } = ArrayBuffer.isView(data)
    ? { values: data, shape: [data.length], dtype: dtypeOf(data) }
    : nestedValues(data as NestedArray);
  const shape = options.shape ?? found;
  const dtype = options.dtype ?? natural;
  if (sizeOf(checkShape('tensor', shape)) !== values.length) {
    throw new ShapeError('tensor', 'the data does not fill the shape', {
      takes: `${sizeOf(shape)} values for shape ${formatShape(shape)}`,
      got: `${values.length} values`,
    });
  }
  const created = empty(shape, { ...options, dtype });
  write(created, values);
  return created;
}

/** Writes values to a tensor that covers its storage. */
export function write(target: Tensor, values: TypedArray | readonly (number | boolean)[]): void {
  target.device.write(target.storage.buffer, toHost(values, target.dtype));
}

/** A tensor of values that follow from plain numbers. A captured step makes it once, and its replays use it again. */
function constant(make: () => Tensor): Tensor {
  const recorder = activeRecorder();
  if (!recorder) return make();
  const made = recorder.once(() => unscoped(make));
  const handle = made.detach();
  handle.requiresGrad = made.requiresGrad;
  return handle;
}

function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Uint32Array) return 'bool';
  return data instanceof Uint8Array ? 'uint8' : 'float32';
}

function toHost(values: TypedArray | readonly (number | boolean)[], dtype: DType): TypedArray {
  if (dtype !== 'bool' && values.constructor === hostArray(dtype, 0).constructor) return values as TypedArray;
  const array = hostArray(dtype, values.length);
  if (dtype === 'bool') return array.map((_, index) => Number(Boolean(values[index])));
  if (isWhole(dtype)) for (const value of values) checkWhole('tensor', Number(value), dtype);
  array.set(values as ArrayLike<number>);
  return array;
}

/** Throws DTypeError if an integer dtype cannot hold the value. */
function checkWhole(operation: string, value: number, dtype: DType): void {
  const [least, most] = dtype === 'uint8' ? [0, 255] : [-(2 ** 31), 2 ** 31 - 1];
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new DTypeError(operation, 'not an integer in range', {
    takes: `integers from ${least} to ${most} for ${dtype}`,
    got: String(value),
  });
}

/**
 * Creates a tensor that is filled with one value.
 *
 * @example
 * full([2, 3], 7);
 */
export function full(shape: Shape, value: number, options: CreateOptions = {}): Tensor {
  const { dtype = 'float32' } = options;
  if (isWhole(dtype)) checkWhole('full', value, dtype);
  if (dtype === 'uint8' || dtype === 'float16' || (dtype === 'int32' && Math.abs(value) > 2 ** 24)) {
    const values = hostArray(dtype, sizeOf(checkShape('full', shape))).fill(value);
    return constant(() => tensor(values, { ...options, dtype, shape }));
  }
  const created = empty(shape, options);
  const { device } = created;
  const size = created.numel();
  if (size > 0) {
    const Element = dtype === 'int32' ? 'i32' : dtype === 'bool' ? 'u32' : 'f32';
    const stored = dtype === 'bool' ? Number(value !== 0) : value;
    device.run('fill', { out: created.storage.buffer }, { size, value: stored }, { Element });
  }
  return created;
}

/**
 * Creates a tensor of zeros.
 *
 * @example
 * zeros([2, 3], { dtype: 'int32' });
 */
export function zeros(shape: Shape, options: CreateOptions = {}): Tensor {
  return full(shape, 0, options);
}

/**
 * Creates a tensor of ones.
 *
 * @example
 * ones([2, 3], { requiresGrad: true });
 */
export function ones(shape: Shape, options: CreateOptions = {}): Tensor {
  return full(shape, 1, options);
}

/** Zeros with the shape, dtype and device of `like`, unless `options` say otherwise. */
export function zerosLike(like: Tensor, options: CreateOptions = {}): Tensor {
  return zeros(like.shape, { dtype: like.dtype, device: like.device, ...options });
}

/** Ones with the shape, dtype and device of `like`, unless `options` say otherwise. */
export function onesLike(like: Tensor, options: CreateOptions = {}): Tensor {
  return ones(like.shape, { dtype: like.dtype, device: like.device, ...options });
}

/** Creates the n × m matrix with ones on its diagonal. */
export function eye(n: number, m: number = n, options: CreateOptions = {}): Tensor {
  const { dtype = 'float32' } = options;
  const values = hostArray(dtype, sizeOf(checkShape('eye', [n, m])));
  for (let i = 0; i < Math.min(n, m); i++) values[i * m + i] = 1;
  return constant(() => tensor(values, { ...options, dtype, shape: [n, m] }));
}

/**
 * start, start + step, … below `end` (above it for a negative step). `arange(n)` counts from 0 to n - 1.
 *
 * @throws ArgumentError if the step does not lead from start to end
 * @example
 * arange(5); // 0, 1, 2, 3, 4
 * arange(1, 2, 0.25); // 1, 1.25, 1.5, 1.75
 */
export function arange(start: number, end?: number, step: number = 1, options: CreateOptions = {}): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  const count = Math.ceil((to - from) / step);
  if (!Number.isFinite(count) || count < 0) {
    throw new ArgumentError('arange', 'the step does not lead from start to end', {
      takes: 'finite numbers, and a step that is not zero and leads from start to end',
      got: `start ${from}, end ${to}, step ${step}`,
    });
  }
  const values = Array.from({ length: count }, (_, index) => from + index * step);
  return constant(() => tensor(values, options));
}

/**
 * `steps` evenly spaced numbers from `start` to `end`, including both.
 *
 * @example
 * linspace(0, 1, 5); // 0, 0.25, 0.5, 0.75, 1
 */
export function linspace(start: number, end: number, steps: number, options: CreateOptions = {}): Tensor {
  checkShape('linspace', [steps]);
  const spacing = (end - start) / Math.max(1, steps - 1);
  // Counts from the nearer end, so the last number is exactly `end`.
  const at = (index: number): number =>
    index <= (steps - 1) / 2 ? start + spacing * index : end - spacing * (steps - 1 - index);
  const values = Array.from({ length: steps }, (_, index) => at(index));
  return constant(() => tensor(values, options));
}
