import type { Tensor } from '../../tensor/tensor.ts';

/**
 * The share that `winner` has in the gradient of a maximum with `rival`: 1 where it is greater, ½ where they are
 * equal, 0 where it is less; 1 where either is NaN, as in PyTorch.
 */
export function share(winner: Tensor, rival: Tensor): Tensor {
  const { dtype } = winner;
  return winner.lt(rival).to(dtype).add(winner.le(rival).to(dtype)).mul(-0.5).add(1);
}
