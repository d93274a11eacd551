import type { Backend } from '../backend/backend.ts';
import { activeRecorder } from '../backend/recorder.ts';
import { type DType, isWhole } from '../backend/dtypes.ts';
import { ANY, type Kind, listSignature, type Maybe, type Rest, signature } from './arguments.ts';
import { defaultDevice } from './device.ts';
import { ArgumentError, DeviceError, ShapeError } from './errors.ts';
import { checkWhole, hostSpace, hostValues, type NestedValues, toHost } from './hostValues.ts';
import type { HostValues } from './nested.ts';
import { BOOLEAN, DEVICE, DTYPE, INTEGER, NUMBER, REAL, SIZES, TENSOR } from './kinds.ts';
import { unscoped } from './scope.ts';
import { checkShape, formatShape, type Shape, sizeOf, stridesOf } from './shape.ts';
import { Storage } from './storage.ts';
import { Tensor } from './tensor.ts';

/** Options of every creation function. */
export interface CreateOptions {
  /** Defaults to float32, or to the type of a typed array. */
  dtype?: DType;
  requiresGrad?: boolean;
  /** Defaults to the device that `init` opened last. */
  device?: Backend;
}

/** The kinds of `CreateOptions`. */
export const CREATE: { readonly [Name in keyof CreateOptions]-?: Kind } = {
  dtype: DTYPE,
  requiresGrad: BOOLEAN,
  device: DEVICE,
};

/** The dtype and the device of a module's tensors. */
export type ModuleCreateOptions = Pick<CreateOptions, 'dtype' | 'device'>;

/** The kinds of `ModuleCreateOptions`. */
export const MODULE: { readonly [Name in keyof ModuleCreateOptions]-?: Kind } = {
  dtype: DTYPE,
  device: DEVICE,
};

/** Sizes in one list or one after the other, then options: `zeros([2, 3])`, `zeros(2, 3, { dtype: 'int32' })`. */
export type SizesAndOptions<Options> =
  [shape: Shape, options?: Maybe<Options>] | number[] | [...sizes: number[], options: Options];

/** The devices that a dtype needs, for dtypes that not all devices support. */
const TAKES: Partial<Record<DType, string>> = {
  float64: 'float64 on the CPU backend only',
  float16: "a WebGPU device with the feature 'shader-f16', or the CPU backend; use float32 on this device",
};

/** A new contiguous tensor with undefined contents, for kernels to fill. Errors name `operation`. */
export function empty(shape: Shape, options: CreateOptions = {}, operation: string = 'empty'): Tensor {
  const { dtype = 'float32', requiresGrad = false, device = defaultDevice() } = options;
  checkShape(operation, shape);
  if (!device.supports(dtype)) {
    throw new DeviceError(operation, `${device.name} does not support ${dtype}`, {
      takes: TAKES[dtype] ?? 'float32, int32, bool or uint8',
      got: `${dtype}${formatShape(shape)} on ${device.name} (${device.description})`,
    });
  }
  const storage = Storage.allocate(device, dtype, sizeOf(shape));
  const created = new Tensor(storage, { shape: [...shape], strides: stridesOf(shape), offset: 0 });
  if (requiresGrad) created.requiresGrad = true;
  return created;
}

const tensorArguments = signature<CreateOptions & { shape?: Shape }>(
  'tensor',
  { data: ANY },
  { shape: SIZES, ...CREATE },
  0,
);

/**
 * Creates a tensor from values.
 *
 * Numbers give float32, booleans bool. Typed arrays keep their values: 16- and 32-bit floats give float32, Float64Array
 * float64, Uint8Array, Uint8ClampedArray and Buffer uint8, all other integers int32. A number that an integer dtype
 * cannot hold is refused, never truncated.
 *
 * @param data a number, nested arrays of numbers or booleans, a typed array with `options.shape`, or arrays of typed ones
 * @throws ArgumentError for data that is no number, such as null, a string, or a DataView
 * @throws ShapeError if nested arrays are ragged, or if the data does not fill the shape
 * @throws DTypeError if an integer tensor gets a number with a fraction or out of its range
 * @example
 * tensor([[1, 2], [3, 4]]);
 * tensor(new Float32Array(6), { shape: [2, 3], requiresGrad: true });
 * tensor([3, 1], { dtype: 'int32' });
 */
export function tensor(data: NestedValues, ...rest: Rest<CreateOptions & { shape?: Shape }>): Tensor {
  const { shape: wanted, ...create } = tensorArguments([data, ...rest]);
  const found = hostValues(data);
  const { values } = found;
  const shape = wanted ?? found.shape;
  const dtype = create.dtype ?? found.dtype;
  if (sizeOf(checkShape('tensor', shape)) !== values.length) {
    throw new ShapeError('tensor', 'the data does not fill the shape', {
      takes: `${sizeOf(shape)} values for shape ${formatShape(shape)}`,
      got: `${values.length} values`,
    });
  }
  const host = toHost(values, dtype);
  const created = empty(shape, { ...create, dtype }, 'tensor');
  write(created, host);
  return created;
}

/** Writes values to a tensor that covers its storage. */
export function write(target: Tensor, values: HostValues['values']): void {
  target.device.write(target.storage.buffer, toHost(values, target.dtype));
}

/** A tensor of values that follow from plain numbers. A captured step makes it once, and its replays use it again. */
export function constant(make: () => Tensor): Tensor {
  const recorder = activeRecorder();
  if (!recorder) return make();
  const made = recorder.once(() => unscoped(make));
  const handle = made.detach();
  handle.requiresGrad = made.requiresGrad;
  return handle;
}

const fullArguments = signature<CreateOptions>('full', { shape: SIZES, value: NUMBER }, CREATE, 0);

/**
 * Creates a tensor that is filled with one value.
 *
 * @example
 * full([2, 3], 7);
 */
export function full(shape: Shape, value: number, ...rest: Rest<CreateOptions>): Tensor {
  return filled('full', shape, value, fullArguments([shape, value, ...rest]));
}

function filled(operation: string, shape: Shape, value: number, options: CreateOptions): Tensor {
  const { dtype = 'float32' } = options;
  if (isWhole(dtype) && dtype !== 'bool') checkWhole(operation, value, dtype);
  if (dtype === 'uint8' || dtype === 'float16' || (dtype === 'int32' && Math.abs(value) > 2 ** 24)) {
    const values = hostSpace(operation, dtype, sizeOf(checkShape(operation, shape))).fill(value);
    return constant(() => tensor(values, { ...options, dtype, shape }));
  }
  const created = empty(shape, options, operation);
  const { device } = created;
  const size = created.numel();
  if (size > 0) {
    const Element = dtype === 'int32' ? 'i32' : dtype === 'bool' ? 'u32' : 'f32';
    const stored = dtype === 'bool' ? Number(value !== 0) : value;
    device.run('fill', { out: created.storage.buffer }, { size, value: stored }, { Element });
  }
  return created;
}

const zerosArguments = listSignature<CreateOptions>('zeros', {}, 'sizes', CREATE);
const onesArguments = listSignature<CreateOptions>('ones', {}, 'sizes', CREATE);

/**
 * Creates a tensor of zeros.
 *
 * @example
 * zeros(2, 3);
 * zeros([2, 3], { dtype: 'int32' });
 */
export function zeros(...sizes: SizesAndOptions<CreateOptions>): Tensor {
  const { list, options } = zerosArguments(sizes);
  return filled('zeros', list, 0, options);
}

/**
 * Creates a tensor of ones.
 *
 * @example
 * ones([2, 3], { requiresGrad: true });
 */
export function ones(...sizes: SizesAndOptions<CreateOptions>): Tensor {
  const { list, options } = onesArguments(sizes);
  return filled('ones', list, 1, options);
}

const zerosLikeArguments = signature<CreateOptions>('zerosLike', { like: TENSOR }, CREATE, 0);
const onesLikeArguments = signature<CreateOptions>('onesLike', { like: TENSOR }, CREATE, 0);

/** Zeros with the shape, dtype and device of `like`, unless `options` say otherwise. */
export function zerosLike(like: Tensor, ...rest: Rest<CreateOptions>): Tensor {
  const create = zerosLikeArguments([like, ...rest]);
  return filled('zerosLike', like.shape, 0, { dtype: like.dtype, device: like.device, ...create });
}

/** Ones with the shape, dtype and device of `like`, unless `options` say otherwise. */
export function onesLike(like: Tensor, ...rest: Rest<CreateOptions>): Tensor {
  const create = onesLikeArguments([like, ...rest]);
  return filled('onesLike', like.shape, 1, { dtype: like.dtype, device: like.device, ...create });
}

const eyeArguments = signature<CreateOptions & { m?: number }>(
  'eye',
  { n: INTEGER },
  { m: INTEGER, ...CREATE },
  1,
);

/** Creates the n × m matrix with ones on its diagonal; m = n by default. */
export function eye(
  n: number,
  ...rest: [m?: Maybe<number>, options?: Maybe<CreateOptions>] | [options: CreateOptions]
): Tensor {
  const { m = n, ...options } = eyeArguments([n, ...rest]);
  const { dtype = 'float32' } = options;
  const values = hostSpace('eye', dtype, sizeOf(checkShape('eye', [n, m])));
  for (let i = 0; i < Math.min(n, m); i++) values[i * m + i] = 1;
  return constant(() => tensor(values, { ...options, dtype, shape: [n, m] }));
}

const arangeArguments = signature<CreateOptions & { end?: number; step?: number }>(
  'arange',
  { start: NUMBER },
  { end: NUMBER, step: NUMBER, ...CREATE },
  2,
);

/**
 * start, start + step, … below `end` (above it for a negative step). `arange(n)` counts from 0 to n - 1.
 *
 * @param rest end, step (1 by default) and options; arange(n, options) has no end
 * @throws ArgumentError if the step does not lead from start to end
 * @example
 * arange(5); // 0, 1, 2, 3, 4
 * arange(1, 2, 0.25); // 1, 1.25, 1.5, 1.75
 */
export function arange(
  start: number,
  ...rest:
    | [end?: Maybe<number>, step?: Maybe<number>, options?: Maybe<CreateOptions>]
    | [end: Maybe<number>, options: CreateOptions & { step?: Maybe<number> }]
    | [options: CreateOptions & { end?: Maybe<number>; step?: Maybe<number> }]
): Tensor {
  const { end, step = 1, ...options } = arangeArguments([start, ...rest]);
  const [from, to] = end === undefined ? [0, start] : [start, end];
  const count = Math.ceil((to - from) / step);
  if (!Number.isFinite(count) || count < 0) {
    throw new ArgumentError('arange', 'the step does not lead from start to end', {
      takes: 'finite numbers, and a step that is not zero and leads from start to end',
      got: `start ${from}, end ${to}, step ${step}`,
    });
  }
  const values = hostSpace('arange', 'float64', count).map((_, index) => from + index * step);
  return constant(() => tensor(values, { dtype: 'float32', ...options }));
}

const linspaceArguments = signature<CreateOptions>(
  'linspace',
  { start: REAL, end: REAL, steps: INTEGER },
  CREATE,
  0,
);

/**
 * `steps` evenly spaced numbers from `start` to `end`, including both.
 *
 * @example
 * linspace(0, 1, 5); // 0, 0.25, 0.5, 0.75, 1
 */
export function linspace(start: number, end: number, steps: number, ...rest: Rest<CreateOptions>): Tensor {
  const options = linspaceArguments([start, end, steps, ...rest]);
  checkShape('linspace', [steps]);
  const spacing = (end - start) / Math.max(1, steps - 1);
  // Counts from the nearer end, so the last number is exactly `end`.
  const at = (index: number): number =>
    index <= (steps - 1) / 2 ? start + spacing * index : end - spacing * (steps - 1 - index);
  const values = hostSpace('linspace', 'float64', steps).map((_, index) => at(index));
  return constant(() => tensor(values, { dtype: 'float32', ...options }));
}
