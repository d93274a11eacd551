import { ArgumentError } from '../../tensor/errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** How the losses of a batch are reduced. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Throws ArgumentError unless the value is one of the three. */
export function checkReduction(name: string, reduction: Reduction): void {
  if (['mean', 'sum', 'none'].includes(reduction)) return;
  throw new ArgumentError(name, 'unknown reduction', {
    takes: "'mean', 'sum' or 'none'",
    got: reduction,
  });
}

/** Reduces losses. PyTorch's default is the mean. */
export function reduceLosses(name: string, losses: Tensor, reduction: Reduction = 'mean'): Tensor {
  checkReduction(name, reduction);
  if (reduction === 'none') return losses;
  return reduction === 'sum' ? losses.sum() : losses.mean();
}
