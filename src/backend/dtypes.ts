/**
 * Element types.
 *
 * `float64` exists on the CPU backend alone, for gradient checks; `bool` is a 32-bit word holding 0 or 1, as
 * WGSL has no smaller storage type; `uint8` is a store of bytes (images), which only data kernels read.
 */
export type DType = 'float32' | 'float64' | 'int32' | 'bool' | 'uint8';

/** The array that holds elements of a dtype on the host. A `bool` array is one 32-bit word an element. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Bytes an element takes in a buffer. */
export const itemSize: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  int32: 4,
  bool: 4,
  uint8: 1,
};

/** A zeroed host array for `length` elements of a dtype. */
export function hostArray(dtype: DType, length: number): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'bool':
      return new Uint32Array(length);
    case 'uint8':
      return new Uint8Array(length);
  }
}

export function isFloating(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64';
}
