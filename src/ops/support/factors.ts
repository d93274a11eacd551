import { autocastType } from '../../tensor/autocast.ts';
import { withGradient } from '../../tensor/tape.ts';
import type { DType } from '../../backend/dtypes.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { convertInMemory } from './inMemory.ts';

/** The dtype of a product's sums and result. */
export function sumType(factor: DType): DType {
  return factor === 'float16' ? 'float32' : factor;
}

/** The element type by which products are specialised. */
export function factorOf(dtype: DType): { Factor?: 'f16' } {
  return dtype === 'float16' ? { Factor: 'f16' } : {};
}

/**
 * The two factors of a product: rounded to float16 inside `autocast`, or if the other one is float16. A float16 or
 * float64 factor is returned unchanged.
 */
export function factors(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const rounded = autocastType() === 'float16' || a.dtype === 'float16' || b.dtype === 'float16';
  return rounded ? [toHalf(a), toHalf(b)] : [a, b];
}

/** A float32 tensor rounded to float16. The gradient passes unchanged. */
export function toHalf(x: Tensor): Tensor {
  if (x.dtype !== 'float32') return x;
  return withGradient('toHalf', roundToHalf(x), [x], [], (gradient) => [() => gradient]);
}

/** The same without history. Elements keep their order in memory, so a transposed matrix stays transposed. */
export function roundToHalf(x: Tensor): Tensor {
  return convertInMemory(x, 'float16', (source, out) => {
    x.device.run(
      'roundToHalf',
      { x: source.storage.buffer, out: out.storage.buffer },
      { size: out.numel(), offset: source.offset },
    );
  });
}
