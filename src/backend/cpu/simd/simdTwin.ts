import type { KernelName, Params, Variant } from '../../backend.ts';
import type { TypedArray } from '../../dtypes.ts';
import type { Signatures } from '../../signatures.ts';
import { inHeap } from './heap.ts';
import type { SimdModule } from './module.ts';

/** A kernel in WebAssembly. Returns false, without any effect, if the plain twin must do the work. */
export type SimdTwin<K extends KernelName> = (
  module: SimdModule,
  buffers: Record<keyof Signatures[K]['buffers'], TypedArray>,
  params: Params<K>,
  variant: Variant<K>,
) => boolean;

/** Whether the module can access all of these: float32, in its memory. */
export function fits(...arrays: readonly TypedArray[]): boolean {
  return arrays.every((array) => array instanceof Float32Array && inHeap(array));
}

/** Whether the module can access all of these: elements of four bytes, in its memory. */
export function areWords(...arrays: readonly TypedArray[]): boolean {
  return arrays.every((array) => array.BYTES_PER_ELEMENT === 4 && inHeap(array));
}

/** The address of an element. */
export function address(array: TypedArray, element: number = 0): number {
  return array.byteOffset + array.BYTES_PER_ELEMENT * element;
}
