import { unscoped } from '../tensor/scope.ts';
import { Leaf, type Tensor } from '../tensor/tensor.ts';

/** Gradients that lie one after the other. */
export interface Run {
  storage: Tensor['storage'];
  offset: number;
  size: number;
}

/** The gradients of those parameters that have one, each in memory that no other tensor shares. */
export function ownGradients(parameters: readonly Tensor[]): Tensor[] {
  return parameters.flatMap((parameter) => ownGradient(parameter) ?? []);
}

/** A parameter's gradient, which no other tensor shares memory with; undefined where there is none. */
function ownGradient({ source }: Tensor): Tensor | undefined {
  if (!(source instanceof Leaf) || !source.grad) return undefined;
  const { grad, home } = source;
  const atHome = grad.storage === home?.storage;
  if (!atHome && (grad.storage.shared || !grad.isContiguous())) {
    source.grad = unscoped(() => grad.detach().clone());
    grad.dispose();
  }
  return source.grad;
}

/** Gradients as the fewest runs: one, for those in an optimizer's flat buffer, in its order. */
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
