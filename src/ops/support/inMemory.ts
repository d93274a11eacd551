import type { DType } from '../../backend/dtypes.ts';
import { empty } from '../../tensor/create.ts';
import { dense, freeCopy } from '../../tensor/dense.ts';
import { inOrder } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { memoryOrder, settled } from './launch.ts';

/**
 * The result of a kernel that reads and writes adjacent elements in any order. They keep their order in memory, so a
 * transposed matrix stays transposed. Records no gradient.
 */
export function convertInMemory(
  x: Tensor,
  dtype: DType,
  launch: (source: Tensor, out: Tensor) => void,
): Tensor {
  const out = empty(x.shape, { dtype, device: x.device });
  if (out.numel() === 0) return out;
  const order = memoryOrder(x.shape, [x]);
  if (!order) {
    const source = dense(x);
    launch(source, out);
    freeCopy(source, x);
    return out;
  }
  const { offset } = x;
  const source = x.withLayout({
    shape: inOrder(x.shape, order),
    strides: inOrder(x.strides, order),
    offset,
  });
  launch(source, out);
  source.dispose();
  return settled(out, { order });
}
