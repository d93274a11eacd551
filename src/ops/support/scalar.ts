import type { Backend } from '../../backend/backend.ts';
import type { DType } from '../../backend/dtypes.ts';
import { activeRecorder, outsideCapture } from '../../backend/recorder.ts';
import { tensor } from '../../tensor/create.ts';
import { noteNumber } from '../../backend/survey.ts';
import { unscoped } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Numbers kept per device and dtype. A training loop uses a handful. */
const KEPT = 1024;

/** -0 has a key of its own: a Map takes it for 0. */
type Key = number | '-0';

const caches = new WeakMap<Backend, Map<DType, Map<Key, Tensor>>>();

/** A number as a tensor of shape [] like `like`. It is created once, so x.mul(2) uploads nothing the second time. */
export function scalarLike(value: number, { dtype, device }: Pick<Tensor, 'dtype' | 'device'>): Tensor {
  const cache = cacheOf(device, dtype);
  const key = Object.is(value, -0) ? '-0' : value;
  let scalar = cache.get(key);
  noteNumber(dtype, key);
  if (!scalar) {
    scalar = outsideCapture(() => unscoped(() => tensor(value, { dtype, device })));
    if (cache.size >= KEPT) {
      const [oldest] = cache.keys();
      cache.get(oldest!)!.dispose();
      cache.delete(oldest!);
    }
    cache.set(key, scalar);
  } else if (cache.size >= KEPT) {
    // The least recently used number makes room for the next.
    cache.delete(key);
    cache.set(key, scalar);
  }
  // A recording pins the memory, so it may outlive its place in the cache.
  activeRecorder()?.adopts(scalar);
  return scalar;
}

function cacheOf(device: Backend, dtype: DType): Map<Key, Tensor> {
  let cached = caches.get(device);
  if (!cached) caches.set(device, (cached = new Map<DType, Map<Key, Tensor>>()));
  let ofType = cached.get(dtype);
  if (!ofType) cached.set(dtype, (ofType = new Map<Key, Tensor>()));
  return ofType;
}
