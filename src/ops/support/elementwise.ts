import { broadcastShapes } from '../../tensor/shape.ts';
import { checkAlike } from '../../tensor/checks.ts';
import { record } from '../../tensor/tape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { checkDtype, launchPair, launchUnary } from './launch.ts';
import { withPromoted } from './promote.ts';

/** A unary operation: its kernel code, what its gradient needs, and the gradient. */
export interface UnaryRule {
  saves: 'input' | 'output' | 'nothing';
  /** d loss / d x from d loss / d y and the saved tensor. */
  gradient: (gradient: Tensor, saved: Tensor) => Tensor;
  alpha?: number;
  beta?: number;
}

/** y = f(x) for floating x. */
export function unary(name: string, code: number, x: Tensor, rule: UnaryRule): Tensor {
  checkDtype(name, x, 'float32', 'float64');
  const out = launchUnary(code, x, rule.alpha, rule.beta);
  const saved = { input: [x], output: [out], nothing: [] }[rule.saves];
  return record(name, out, [x], saved, (gradient, kept) => [() => rule.gradient(gradient, kept)]);
}

/** A binary operation's gradients with respect to both operands, before broadcasting is undone. */
export type PairRule = (gradient: Tensor, a: Tensor, b: Tensor) => readonly [() => Tensor, () => Tensor];

/** y = f(a, b) with broadcasting; a number stands for a scalar. */
export function binary(
  name: string,
  code: number,
  a: Tensor,
  b: Tensor | number,
  rule: PairRule,
  saves: boolean,
): Tensor {
  return withPromoted(a, b, (x, y) => {
    checkAlike(name, x, y);
    checkDtype(name, x, 'float32', 'float64', 'int32');
    const out = launchPair('binary', code, x, y, broadcastShapes(name, x.shape, y.shape), x.dtype);
    const [aShape, bShape] = [x.shape, y.shape];
    return record(name, out, [x, y], saves ? [x, y] : [], (gradient, left, right) => {
      const [toLeft, toRight] = rule(gradient, left, right);
      return [() => toLeft().sumToSize(aShape), () => toRight().sumToSize(bShape)];
    });
  });
}

/** A relation of a and b as a bool tensor; it has no gradient. */
export function comparison(name: string, code: number, a: Tensor, b: Tensor | number): Tensor {
  return withPromoted(a, b, (x, y) => {
    checkAlike(name, x, y);
    checkDtype(name, x, 'float32', 'float64', 'int32', 'bool');
    return launchPair('compare', code, x, y, broadcastShapes(name, x.shape, y.shape), 'bool');
  });
}
