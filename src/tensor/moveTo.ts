import type { Backend } from '../backend/backend.ts';
import { tensor } from './create.ts';
import type { Tensor } from './tensor.ts';

/** Moves tensors, with their gradients, to a device. If one cannot be moved, none is. */
export async function moveTo(device: Backend, tensors: readonly Tensor[]): Promise<void> {
  const moving = tensors.filter((each) => each.device !== device);
  const copies = await Promise.all(
    moving.map(async (each) => {
      const { leaf } = each;
      const [value, grad] = await Promise.all([
        copyTo(device, each),
        leaf?.grad && copyTo(device, leaf.grad),
      ]);
      return { each, leaf, value, grad };
    }),
  );
  for (const { each, leaf, value, grad } of copies) {
    each.rebind(value.storage.retain(), value.offset);
    value.dispose();
    leaf?.moveTo(device, grad);
  }
}

async function copyTo(device: Backend, x: Tensor): Promise<Tensor> {
  return tensor(await x.data(), { shape: x.shape, dtype: x.dtype, device });
}
