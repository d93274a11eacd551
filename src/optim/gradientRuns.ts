import { unscoped } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Gradients that are contiguous in memory. */
export interface Run {
  storage: Tensor['storage'];
  offset: number;
  size: number;
}

/** The gradients of the parameters that have one. No other tensor shares their memory. */
export function ownGradients(parameters: readonly Tensor[]): Tensor[] {
  return parameters.flatMap((parameter) => ownGradient(parameter) ?? []);
}

/** A parameter's gradient in memory that no other tensor shares; undefined without a gradient. */
function ownGradient({ leaf }: Tensor): Tensor | undefined {
  if (!leaf?.grad) return undefined;
  const { grad, home } = leaf;
  const atHome = grad.storage === home?.storage;
  if (!atHome && (grad.storage.shared || !grad.isContiguous())) {
    leaf.grad = unscoped(() => grad.detach().clone());
    grad.dispose();
  }
  return leaf.grad;
}

/** The gradients as the fewest runs. Those in an optimizer's flat buffer, in its order, are one run. */
export function neighbours(gradients: readonly Tensor[]): Run[] {
  const runs: Run[] = [];
  for (const gradient of gradients) {
    const size = gradient.numel();
    const last = runs.at(-1);
    const joins = last?.storage === gradient.storage && last.offset + last.size === gradient.offset;
    if (joins) last.size += size;
    else if (size > 0) runs.push({ storage: gradient.storage, offset: gradient.offset, size });
  }
  return runs;
}
