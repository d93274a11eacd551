import { WgradError } from '../../backend/errors.ts';

/** Bytes that are not a valid safetensors file, or tensors that none can contain. */
export class SafetensorsError extends WgradError {
  override name = 'SafetensorsError';
}

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
  readonly name: string;
  new (buffer: ArrayBuffer): TensorValues;
}

/** The size of a dtype's elements in a file, and the array that holds them. */
interface Encoding {
  /** Bits of an element. */
  readonly bits: number;
  readonly array: TensorValuesConstructor;
}

export type SafetensorsDtype =
  | 'F64'
  | 'I64'
  | 'U64'
  | 'C64'
  | 'F32'
  | 'I32'
  | 'U32'
  | 'F16'
  | 'BF16'
  | 'I16'
  | 'U16'
  | 'F8_E5M2'
  | 'F8_E4M3'
  | 'F8_E8M0'
  | 'F8_E4M3FNUZ'
  | 'F8_E5M2FNUZ'
  | 'I8'
  | 'U8'
  | 'BOOL'
  | 'F6_E2M3'
  | 'F6_E3M2'
  | 'F4';

/** Every dtype of the format. */
export const encodings: ReadonlyMap<string, Encoding> = new Map<SafetensorsDtype, Encoding>([
  ['F64', { bits: 64, array: Float64Array }],
  ['I64', { bits: 64, array: BigInt64Array }],
  ['U64', { bits: 64, array: BigUint64Array }],
  // The real part, then the imaginary part.
  ['C64', { bits: 64, array: Float32Array }],
  ['F32', { bits: 32, array: Float32Array }],
  ['I32', { bits: 32, array: Int32Array }],
  ['U32', { bits: 32, array: Uint32Array }],
  // Floats without a JavaScript array are kept as their bits.
  ['F16', { bits: 16, array: Uint16Array }],
  ['BF16', { bits: 16, array: Uint16Array }],
  ['I16', { bits: 16, array: Int16Array }],
  ['U16', { bits: 16, array: Uint16Array }],
  ['F8_E5M2', { bits: 8, array: Uint8Array }],
  ['F8_E4M3', { bits: 8, array: Uint8Array }],
  ['F8_E8M0', { bits: 8, array: Uint8Array }],
  ['F8_E4M3FNUZ', { bits: 8, array: Uint8Array }],
  ['F8_E5M2FNUZ', { bits: 8, array: Uint8Array }],
  ['I8', { bits: 8, array: Int8Array }],
  ['U8', { bits: 8, array: Uint8Array }],
  ['BOOL', { bits: 8, array: Uint8Array }],
  // Several elements share a byte.
  ['F6_E2M3', { bits: 6, array: Uint8Array }],
  ['F6_E3M2', { bits: 6, array: Uint8Array }],
  ['F4', { bits: 4, array: Uint8Array }],
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

/** A list of integers ≥ 0, such as shapes and positions in a file. */
export function isSizes(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.every((size) => Number.isSafeInteger(size) && !Object.is(size, -0) && size >= 0)
  );
}

/** The number of elements of a shape, or undefined for an invalid shape or if the product is not exact. */
export function elementCount(shape: unknown): number | undefined {
  if (!isSizes(shape)) return undefined;
  let product = 1;
  for (const size of shape) {
    product *= size;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return product;
}

/** Whether a string can be written as UTF-8, that is, contains no unpaired surrogate. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !/\p{Surrogate}/u.test(value);
}

/** Values by name. */
export type Entries<T> = ReadonlyMap<string, T> | Readonly<Record<string, T>>;

export function entries<T>(from: Entries<T>): [string, T][] {
  return from instanceof Map ? [...(from as Map<string, T>)] : Object.entries(from as Record<string, T>);
}
