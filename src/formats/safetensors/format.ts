import { WgradError } from '../../backend/errors.ts';

/** Bytes that are no valid safetensors file, or tensors that none can hold. */
export class SafetensorsError extends WgradError {
  override name = 'SafetensorsError';
}

export type SafetensorsDtype =
  'F64' | 'I64' | 'U64' | 'F32' | 'I32' | 'U32' | 'F16' | 'BF16' | 'I16' | 'U16' | 'I8' | 'U8' | 'BOOL';

export type TensorValues =
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

interface TensorValuesConstructor {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (buffer: ArrayBuffer): TensorValues;
}

/** The array that holds each dtype. F16 and BF16 are kept as their bits; a BOOL is a byte, 0 or 1. */
export const arrayOf: ReadonlyMap<string, TensorValuesConstructor> = new Map<
  SafetensorsDtype,
  TensorValuesConstructor
>([
  ['F64', Float64Array],
  ['I64', BigInt64Array],
  ['U64', BigUint64Array],
  ['F32', Float32Array],
  ['I32', Int32Array],
  ['U32', Uint32Array],
  ['F16', Uint16Array],
  ['BF16', Uint16Array],
  ['I16', Int16Array],
  ['U16', Uint16Array],
  ['I8', Int8Array],
  ['U8', Uint8Array],
  ['BOOL', Uint8Array],
]);

/** One tensor of a file, row-major. */
export interface SafeTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly data: TensorValues;
}

/** The header's key that holds strings about the file instead of a tensor. */
export const metadataKey = '__metadata__';
/** The most bytes that readers accept as header. */
export const maximumHeader = 100_000_000;

/** A list of whole numbers ≥ 0, as shapes and places in a file are. */
export function isSizes(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.every((size) => Number.isSafeInteger(size) && !Object.is(size, -0) && size >= 0)
  );
}

/** The number of elements of a shape, or undefined where it is no shape or the product is not exact. */
export function elementCount(shape: unknown): number | undefined {
  if (!isSizes(shape)) return undefined;
  let product = 1;
  for (const size of shape) {
    product *= size;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return product;
}

/** Whether a string can be written as UTF-8 (it holds no half of a surrogate pair). */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !/\p{Surrogate}/u.test(value);
}
