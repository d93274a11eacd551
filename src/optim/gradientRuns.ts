import type { DeviceBuffer } from '../backend/backend.ts';
import { copyOf } from '../tensor/dense.ts';
import { unscoped } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Gradients that are contiguous in memory. */
export interface Run {
  buffer: DeviceBuffer;
  offset: number;
  size: number;
}

/** The gradients of the parameters that have one, to change them in place. They are contiguous. */
export function gradientsToChange(parameters: readonly Tensor[]): Tensor[] {
  return parameters.flatMap(({ leaf }) => {
    if (!leaf?.grad) return [];
    const { grad } = leaf;
    if (!grad.isContiguous()) {
      leaf.grad = unscoped(() => copyOf(grad));
      grad.dispose();
    }
    leaf.changed();
    return leaf.grad;
  });
}

/** The gradients as the fewest runs. Those in an optimizer's flat buffer, in its order, are one run. */
export function neighbours(gradients: readonly Tensor[]): Run[] {
  const runs: Run[] = [];
  for (const gradient of gradients) {
    const size = gradient.numel();
    const last = runs.at(-1);
    const joins = last?.buffer === gradient.storage.buffer && last.offset + last.size === gradient.offset;
    if (joins) last.size += size;
    else if (size > 0) runs.push({ buffer: gradient.storage.buffer, offset: gradient.offset, size });
  }
  return runs;
}
