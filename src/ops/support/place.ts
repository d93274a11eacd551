import { full } from '../../tensor/create.ts';
import type { Shape } from '../../tensor/shape.ts';
import { withGradient } from '../../tensor/tape.ts';
import type { Layout, Tensor } from '../../tensor/tensor.ts';
import { copyInto } from '../../tensor/dense.ts';
import { viewOf } from './layout.ts';

/**
 * A tensor of `shape`, filled with `value`, that contains x in the part that `part` lays out: the gradient of a slice,
 * and the body of pad.
 */
export function placeInto(
  x: Tensor,
  shape: Shape,
  part: (whole: Tensor) => Layout,
  value: number = 0,
): Tensor {
  const out = full(shape, value, { dtype: x.dtype, device: x.device });
  const layout = part(out);
  copyInto(x, out, layout);
  return withGradient('place', out, [x], [], (gradient) => [() => takePart(gradient, part)], {
    layout,
    value,
  });
}

function takePart(whole: Tensor, part: (whole: Tensor) => Layout): Tensor {
  const { shape } = whole;
  return viewOf('takePart', whole, part(whole), (gradient) => placeInto(gradient, shape, part));
}
