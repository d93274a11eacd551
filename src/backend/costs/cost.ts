import type { KernelName, Params, Variant } from '../backend.ts';
import type { Signatures } from '../signatures.ts';

/** What a launch does, counted from its parameters alone. */
export interface Cost<K extends KernelName> {
  /** The sizes that set the work, for people: `128×256×784`. */
  shape: string;
  /**
   * Floating-point operations of the formula at the head of the kernel's file: sums, products, comparisons, roots and
   * exponentials count one each, whole-number arithmetic nothing.
   */
  flops: number;
  /**
   * Elements of each buffer that have to move between memory and the processor: each place that is read counts once,
   * however often it is read, and each that is written once more.
   */
  elements: Readonly<Record<keyof Signatures[K]['buffers'], number>>;
}

export type Formula<K extends KernelName> = (params: Params<K>, variant: Variant<K>) => Cost<K>;

export function times(...sizes: readonly number[]): string {
  return sizes.join('×');
}

/** Elements that a strided walk meets: an axis of stride 0 is a broadcast, which meets the same ones again. */
export function distinct(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((count, size, axis) => (strides[axis] === 0 ? count : count * size), 1);
}

/** Axes of more than one element, as text. */
export function shapeText(shape: readonly number[]): string {
  return times(...shape.filter((size) => size !== 1)) || '1';
}
