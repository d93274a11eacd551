import { roundToHalf } from './half.ts';

/**
 * Element types.
 *
 * `float64` exists on the CPU backend only, for gradient checks. `bool` is 0 or 1: a byte on the CPU, and a 32-bit word
 * elsewhere, because WGSL has no smaller storage type. `uint8` stores bytes (images), which data kernels and conversions
 * read. `float16` stores factors, which matrix products and convolutions read; it needs a device with float16, or the CPU,
 * which stores the rounded numbers as float32.
 */
export type DType = 'float32' | 'float64' | 'int32' | 'bool' | 'uint8' | 'float16';

/**
 * The array type of a dtype on the host. A `bool` array has one 32-bit word per element. `float16` has no array of its
 * own; its numbers are float32.
 */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Bytes of an element in a buffer. */
export const itemSize: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  int32: 4,
  bool: 4,
  uint8: 1,
  float16: 2,
};

/** Creates an array of zeros, or a view of memory. */
interface ArrayKind {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

const kinds: Readonly<Record<DType, ArrayKind>> = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  bool: Uint32Array,
  uint8: Uint8Array,
  float16: Float32Array,
};

/** The array constructor for a dtype on the host. */
export function arrayKind(dtype: DType): ArrayKind {
  return kinds[dtype];
}

/** A zeroed host array for `length` elements of a dtype. */
export function hostArray(dtype: DType, length: number): TypedArray {
  return new kinds[dtype](length);
}

/** Values as a buffer of the dtype stores them: rounded for float16, otherwise unchanged. */
export function storable(dtype: DType, values: TypedArray): TypedArray {
  return dtype === 'float16' ? values.map(roundToHalf) : values;
}

/** Whether its elements are integers. */
export function isWhole(dtype: DType): boolean {
  return dtype === 'int32' || dtype === 'bool' || dtype === 'uint8';
}

/** Whether operations compute with it. float16 is only stored. */
export function isFloating(dtype: DType): dtype is 'float32' | 'float64' {
  return dtype === 'float32' || dtype === 'float64';
}
