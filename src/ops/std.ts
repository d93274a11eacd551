import type { Tensor } from '../tensor/tensor.ts';
import type { Dims } from './reduction.ts';
import type { VarianceOptions } from './var.ts';

/** The standard deviation over the given dims: the root of the variance, with the same options. */
export function std(x: Tensor, dim?: Dims, options: VarianceOptions = {}): Tensor {
  return x.var(dim, options).sqrt();
}
