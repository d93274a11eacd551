import type { Vec3 } from '../backend/signatures.ts';
import { signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { checkAlike, checkDevice } from '../tensor/checks.ts';
import { OPERAND, takesTensor, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { broadcastShapes } from '../tensor/shape.ts';
import { type Gradients, withGradient } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { nonzero } from './nonzero.ts';
import { checkDtype, freeCopies, settled, walkOver } from './support/launch.ts';
import { withPromoted } from './support/promote.ts';
import { scalarLike } from './support/scalar.ts';

const takes = signature('where', { condition: TENSOR, a: OPERAND, b: OPERAND });

/**
 * a where the condition holds, otherwise b, element by element, with broadcasting. Dtypes are promoted as in `add`.
 *
 * The method has PyTorch's order: `a.where(condition, b)`.
 *
 * With the condition alone, the places where it holds, in row-major order: an int32 vector for each dim. This waits for the
 * device.
 *
 * @param condition bool
 * @param a a tensor, or a number
 * @param b a tensor, or a number; two numbers give float32
 */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor;
export function where(condition: Tensor): Promise<Tensor[]>;
export function where(
  condition: Tensor,
  a?: Tensor | number,
  b?: Tensor | number,
): Tensor | Promise<Tensor[]> {
  if (arguments.length === 1) {
    takesTensor('where', arguments);
    return nonzero(condition).then((places) => scope(() => places.unbind(1)));
  }
  takes(arguments);
  return chosen(condition, a!, b!);
}

function chosen(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  checkDtype('where', condition, 'bool');
  if (typeof a !== 'number') return withPromoted(a, b, (x, y) => choose(condition, x, y));
  const { device } = condition;
  const other = typeof b === 'number' ? scalarLike(b, { dtype: 'float32', device }) : b;
  return withPromoted(other, a, (y, x) => choose(condition, x, y));
}

function choose(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  checkAlike('where', a, b);
  checkDtype('where', a, 'float32', 'float64', 'int32', 'bool');
  checkDevice('where', condition, a);
  const shape = broadcastShapes('where', condition.shape, a.shape, b.shape);
  let out = empty(shape, { dtype: a.dtype, device: a.device });
  if (out.numel() > 0) {
    const walk = walkOver<Vec3>(shape, [condition, a, b], 3);
    const [test, left, right] = walk.operands as [Tensor, Tensor, Tensor];
    const [conditionStrides, aStrides, bStrides] = walk.strides as [Vec3, Vec3, Vec3];
    a.device.run(
      'where',
      {
        condition: test.storage.buffer,
        a: left.storage.buffer,
        b: right.storage.buffer,
        out: out.storage.buffer,
      },
      {
        size: out.numel(),
        shape: walk.shape,
        conditionStrides,
        conditionOffset: test.offset,
        aStrides,
        aOffset: left.offset,
        bStrides,
        bOffset: right.offset,
      },
    );
    freeCopies(walk);
    out = settled(out, walk);
  }
  const [aShape, bShape] = [a.shape, b.shape];
  const rule = (gradient: Tensor, kept: Tensor): Gradients => [
    () => where(kept, gradient, 0).sumToSize(aShape),
    () => where(kept, 0, gradient).sumToSize(bShape),
  ];
  return withGradient('where', out, [a, b], [condition], rule, { condition });
}
