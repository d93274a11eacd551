import { arrayKind, type DType, hostArray, isWhole, type TypedArray } from '../backend/dtypes.ts';
import { OutOfMemoryError } from '../backend/errors.ts';
import { kindOf } from './arguments.ts';
import { ArgumentError, DTypeError } from './errors.ts';
import { type HostValues, nestedValues } from './nested.ts';

/** A typed array that `tensor` takes. Float16Array is described by its tag, because not all `lib` settings know it. */
export type HostArray =
  | TypedArray
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint8ClampedArray
  | BigInt64Array
  | BigUint64Array
  | (ArrayLike<number> & ArrayBufferView & { readonly [Symbol.toStringTag]: 'Float16Array' });

/** Numbers or booleans in nested arrays, whose last level may be typed arrays. */
export type NestedValues = number | boolean | HostArray | readonly NestedValues[];

/** The dtype that holds all values of a typed array, or for int32 refuses those that it does not hold. */
const NATURAL: Readonly<Record<string, DType | undefined>> = {
  Float16Array: 'float32',
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int8Array: 'int32',
  Int16Array: 'int32',
  Int32Array: 'int32',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Uint16Array: 'int32',
  Uint32Array: 'int32',
  BigInt64Array: 'int32',
  BigUint64Array: 'int32',
};

/** @throws ArgumentError for data without numbers, or in detached memory; ShapeError for ragged arrays */
export function hostValues(data: unknown): HostValues {
  if (!ArrayBuffer.isView(data)) return nestedValues(data, naturalType);
  const dtype = naturalType(data);
  const values = data as TypedArray;
  return { values, shape: [values.length], dtype };
}

function naturalType(data: ArrayBufferView): DType {
  // The tag is that of the built-in class, also for subclasses (Buffer) and arrays of another realm.
  const dtype = NATURAL[(data as TypedArray)[Symbol.toStringTag]];
  if (!dtype) {
    throw new ArgumentError('tensor', 'the data has no element type', {
      takes: `${Object.keys(NATURAL).join(', ')}; wrap a buffer in one of them`,
      got: kindOf(data),
    });
  }
  if ((data as TypedArray).length === 0) refuseDetached(data as TypedArray);
  return dtype;
}

/** A view of memory that was transferred or has shrunk has no elements, like one of nothing. */
function refuseDetached(values: TypedArray): void {
  try {
    values.at(0);
  } catch {
    throw new ArgumentError('tensor', 'the data is detached', {
      takes: 'a typed array whose buffer was neither transferred nor made smaller',
      got: kindOf(values),
    });
  }
}

/** A zeroed array on the host. Throws OutOfMemoryError if there is no memory for it. */
export function hostSpace(operation: string, dtype: DType, length: number): TypedArray {
  try {
    return hostArray(dtype, length);
  } catch (error) {
    throw new OutOfMemoryError(`${operation}: ${length} values do not fit into memory (${String(error)})`);
  }
}

/** Values as the host array of a dtype. Throws DTypeError if an integer dtype cannot hold one. */
export function toHost(values: HostValues['values'], dtype: DType): TypedArray {
  const Kind = arrayKind(dtype);
  if (dtype !== 'bool' && values.constructor === Kind) return values as unknown as TypedArray;
  const array = hostArray(dtype, values.length);
  const whole = isWhole(dtype) && dtype !== 'bool';
  for (let index = 0; index < array.length; index++) {
    const value = Number(values[index]);
    if (whole) checkWhole('tensor', value, dtype);
    // Like to('bool'): NaN is true.
    array[index] = dtype === 'bool' ? Number(value !== 0) : value;
  }
  return array;
}

/** Throws DTypeError if an integer dtype cannot hold the value. */
export function checkWhole(operation: string, value: number, dtype: DType): void {
  const [least, most] = dtype === 'uint8' ? [0, 255] : [-(2 ** 31), 2 ** 31 - 1];
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new DTypeError(operation, 'not an integer in range', {
    takes: `integers from ${least} to ${most} for ${dtype}`,
    got: String(value),
  });
}
