import type { Backend } from '../backend/backend.ts';
import { tensor } from '../tensor/create.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A copy on another device; its values travel through the host, and its history stays behind. */
export async function toDevice(x: Tensor, device: Backend): Promise<Tensor> {
  return tensor(await x.data(), { shape: x.shape, dtype: x.dtype, device });
}
