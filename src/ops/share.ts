import type { Tensor } from '../tensor/tensor.ts';

/** The share that `winner` has in a maximum with `rival`: 1 where it is greater, ½ where they are equal, else 0. */
export function share(winner: Tensor, rival: Tensor): Tensor {
  return winner.gt(rival).to(winner.dtype).add(winner.eq(rival).to(winner.dtype).mul(0.5));
}
