import { rand, randint, type Tensor } from '../../src/index.ts';

/** One operation on inputs of one layout. The first word of the name is the operation's. */
export interface OperationCase {
  readonly name: string;
  /** Makes inputs for about `size` elements, a multiple of 1024 and a square. Those of float32 get gradients. */
  readonly inputs: (size: number) => Tensor[];
  readonly run: (...inputs: Tensor[]) => Tensor;
  /** The same in PyTorch: a Python expression of x, y and z. */
  readonly torch: string;
  /** Results are random, so they cannot be compared. */
  readonly random?: boolean;
}

/** Sizes fit all layouts. The first is for the host's part of the cost, the last for memory's. */
export const SIZES: readonly number[] = [32 ** 2, 320 ** 2, 3200 ** 2];

export const positive = (...shape: number[]): Tensor => rand(shape).add(0.1);
export const side = (size: number): number => Math.sqrt(size);
export const square = (size: number): Tensor => positive(side(size), side(size));
export const narrow = (size: number, width: number = 4): Tensor => positive(Math.ceil(size / width), width);
export const images = (size: number): Tensor => positive(size / 1024, 4, 16, 16);
export const condition = (...shape: number[]): Tensor => rand(shape).gt(0.5);
export const indices = (below: number, ...shape: number[]): Tensor => randint(0, below, shape);

/** Layouts of one operand. */
export const one: Readonly<Record<string, (size: number) => Tensor>> = {
  '': (n) => positive(n),
  transposed: (n) => square(n).t(),
  'narrow, transposed': (n) => narrow(n).t(),
  'four axes': (n) => images(n).permute([3, 1, 2, 0]),
  'in steps': (n) => positive(side(n), 2 * side(n)).slice(null, [null, null, 2]),
  'broadcast column': (n) => positive(side(n), 1).expand([side(n), side(n)]),
};

/** Layouts of two operands. */
export const two: Readonly<Record<string, (size: number) => Tensor[]>> = {
  '': (n) => [positive(n), positive(n)],
  scalar: (n) => [positive(n), positive()],
  row: (n) => [square(n), positive(side(n))],
  column: (n) => [square(n), positive(side(n), 1)],
  'column, transposed': (n) => [square(n).t(), positive(side(n), 1)],
  channels: (n) => [images(n), positive(4, 1, 1)],
  narrow: (n) => [narrow(n), positive(4)],
  'short rows in blocks': (n) => [positive(n / 16, 2, 8), positive(2, 1)],
  'outer product': (n) => [positive(n / 4, 1), positive(1, 4)],
};

/** Dims to reduce. */
export interface Reduced {
  readonly x: (size: number) => Tensor;
  readonly dim?: number | number[];
}

export const reduced: Readonly<Record<string, Reduced>> = {
  '': { x: (n) => positive(n) },
  rows: { x: square, dim: 1 },
  columns: { x: square, dim: 0 },
  'short rows': { x: narrow, dim: 1 },
  'rows of 32': { x: (n) => narrow(n, 32), dim: 1 },
  'few columns': { x: narrow, dim: 0 },
  channels: { x: images, dim: [0, 2, 3] },
  'middle axis': { x: images, dim: 1 },
};
