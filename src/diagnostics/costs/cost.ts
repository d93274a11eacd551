import type { DeviceBuffer, KernelName, Params, Variant } from '../../backend/backend.ts';
import type { Signatures } from '../../backend/signatures.ts';

/** The work of one launch, counted from its parameters and its buffers. */
export interface Cost {
  /** The sizes that determine the work, for people: `128×256×784`. */
  shape: string;
  /**
   * Floating-point operations of the formula at the head of the kernel's file: a sum, product, comparison, root or
   * exponential counts as one, integer arithmetic as none.
   */
  flops: number;
  /**
   * Elements of each buffer that move between memory and the processor: each place that is read counts once, however
   * often it is read, and each place that is written counts once more.
   */
  elements: Readonly<Record<string, number>>;
}

/** The parts of a kernel's cost that differ from `defaultCost`. */
export type Formula<K extends KernelName> = (
  params: Params<K>,
  variant: Variant<K>,
) => Partial<Omit<Cost, 'elements'>> & {
  elements?: Partial<Record<keyof Signatures[K]['buffers'], number>>;
};

/**
 * The cost of a kernel without an entry: no arithmetic, and every buffer moves once. A kernel that walks over `shape` reads
 * the elements that the operand's strides reach, and one with a `size` reads no more than `size` elements of a buffer.
 */
export function defaultCost(
  buffers: Readonly<Record<string, Pick<DeviceBuffer, 'length'>>>,
  params: Readonly<Record<string, unknown>>,
): Cost {
  const size = typeof params['size'] === 'number' ? params['size'] : undefined;
  const shape = params['shape'] as readonly number[] | undefined;
  const stridesOf = (name: string): unknown =>
    params[`${name}Strides`] ?? (name === 'x' && params['strides']);
  const elements = Object.entries(buffers).map(([name, { length }]) => {
    const strides = stridesOf(name);
    const read = shape && Array.isArray(strides) ? distinct(shape, strides as number[]) : length;
    return [name, Math.min(read, size ?? read)] as const;
  });
  const longest = Math.max(...elements.map(([, count]) => count));
  return {
    shape: shape ? shapeText(shape) : times(size ?? longest),
    flops: 0,
    elements: Object.fromEntries(elements),
  };
}

/** Sizes as text: `128×256`. */
export function times(...sizes: readonly number[]): string {
  return sizes.join('×');
}

/**
 * The elements that a strided walk reaches: an axis of stride 0 is a broadcast, which reaches the same ones again, and windows
 * overlap.
 */
export function distinct(shape: readonly number[], strides: readonly number[]): number {
  const steps = shape.reduce((count, size, axis) => (strides[axis] === 0 ? count : count * size), 1);
  const span = shape.reduce((sum, size, axis) => sum + (size - 1) * Math.abs(strides[axis]!), 1);
  return Math.min(steps, Math.max(0, span));
}

/** Axes of more than one element, as text. */
function shapeText(shape: readonly number[]): string {
  return times(...shape.filter((size) => size !== 1)) || '1';
}
