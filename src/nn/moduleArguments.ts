import { type Kinds, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { TENSOR } from '../tensor/kinds.ts';
import { formatShape, type Shape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Throws ArgumentError unless a module's `forward` got one tensor. */
export function checkInput(module: object, args: ArrayLike<unknown>): void {
  if (args.length === 1 && args[0] instanceof Tensor) return;
  checkInputs(module, { input: TENSOR }, args);
}

/** Throws ArgumentError unless the arguments of `forward` are of these kinds. */
export function checkInputs(module: object, kinds: Kinds, args: ArrayLike<unknown>): void {
  const expected = Object.values(kinds);
  if (args.length === expected.length && expected.every(({ fits }, index) => fits(args[index]))) return;
  // Finds the fault and words it. A signature for each call would be too slow.
  signature(module.constructor.name, kinds)(args);
}

/** Throws ArgumentError unless a module's sizes are integers, and positive ones unless `least` says otherwise. */
export function checkSizes(module: string, sizes: Shape, least: number = 1): void {
  if (sizes.length > 0 && sizes.every((size) => Number.isSafeInteger(size) && size >= least)) return;
  throw new ArgumentError(module, 'invalid size', {
    takes: least === 1 ? 'positive integers' : `integers ≥ ${least}`,
    got: formatShape(sizes),
  });
}
