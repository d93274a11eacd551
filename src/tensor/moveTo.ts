import type { Backend } from '../backend/backend.ts';
import { WgradError } from '../backend/errors.ts';
import { tensor } from './create.ts';
import type { Tensor } from './tensor.ts';

/** A tensor on its way to a device. */
interface Move {
  from: Tensor;
  value: Tensor;
  grad: Tensor | undefined;
  /** Whether the tensor and its gradient are still those that were copied. */
  isCurrent: () => boolean;
}

/**
 * Moves tensors, with their gradients, to a device. If one cannot be moved, none is.
 *
 * @throws WgradError if they change meanwhile
 */
export async function moveTo(device: Backend, tensors: readonly Tensor[]): Promise<void> {
  const moving = tensors.filter((each) => each.device !== device);
  const moves = await Promise.all(moving.map((each) => begin(device, each)));
  if (!moves.every(({ isCurrent }) => isCurrent())) {
    for (const { value, grad } of moves) {
      value.dispose();
      grad?.dispose();
    }
    throw new WgradError(
      'to: a tensor has changed while it was moved; await to(device) before the next step',
    );
  }
  for (const { from, value, grad } of moves) {
    from.rebind(value.storage.retain(), value.offset);
    value.dispose();
    from.leaf?.moveTo(device, grad);
  }
}

async function begin(device: Backend, from: Tensor): Promise<Move> {
  const { storage, leaf } = from;
  const before = leaf?.grad;
  const versions = [storage.version, before?.storage.version];
  const isCurrent = (): boolean =>
    !from.freed &&
    from.storage === storage &&
    leaf?.grad === before &&
    storage.version === versions[0] &&
    before?.storage.version === versions[1];
  const [value, grad] = await Promise.all([copyTo(device, from), before && copyTo(device, before)]);
  return { from, value, grad, isCurrent };
}

async function copyTo(device: Backend, x: Tensor): Promise<Tensor> {
  return tensor(await x.data(), { shape: x.shape, dtype: x.dtype, device });
}
