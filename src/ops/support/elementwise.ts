import { codes } from '../../backend/signatures.ts';
import { scope } from '../../tensor/scope.ts';
import { broadcastShapes } from '../../tensor/shape.ts';
import { checkAlike, checkDevice } from '../../tensor/checks.ts';
import { withGradient, withoutGradient } from '../../tensor/tape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { checkDtype, launchPair, launchUnary } from './launch.ts';
import { isWholeNumber, withPromoted } from './promote.ts';
import { scalarLike } from './scalar.ts';

/** The constants of a unary operation's kernel. */
export interface UnaryConstants {
  alpha?: number;
  beta?: number;
}

/** Functions that turn int32 and bool into float32, as in PyTorch. */
const c = codes.unary;
const TAKES_WHOLE: ReadonlySet<number> = new Set([
  c.COS,
  c.ERF,
  c.EXP,
  c.EXPM1,
  c.LOG,
  c.LOG1P,
  c.RECIPROCAL,
  c.RSQRT,
  c.SIGMOID,
  c.SIN,
  c.SQRT,
  c.TANH,
]);

/**
 * y = f(x) for floating x.
 *
 * @param saves which tensor the gradient needs: x, y or neither
 * @param gradient computes d loss / d x from d loss / d y and the saved tensor
 */
export function unary(
  name: string,
  code: number,
  x: Tensor,
  saves: 'input' | 'output' | 'nothing',
  gradient: (gradient: Tensor, saved: Tensor) => Tensor,
  constants?: UnaryConstants,
): Tensor {
  if (TAKES_WHOLE.has(code) && isWholeNumber(x.dtype)) {
    return scope(() => unary(name, code, x.to('float32'), saves, gradient));
  }
  checkDtype(name, x, 'float32', 'float64');
  const out = launchUnary(code, x, constants?.alpha, constants?.beta);
  const saved = saves === 'nothing' ? [] : [saves === 'input' ? x : out];
  return withGradient(name, out, [x], saved, (g, kept) => [() => gradient(g, kept)], constants ?? code);
}

/** Operations on two bool tensors: products are conjunctions. */
const OF_BOOL: ReadonlySet<number> = new Set([codes.binary.MUL, codes.binary.MAXIMUM, codes.binary.MINIMUM]);

/** The gradients of a binary operation with respect to both operands, before broadcasting is undone. */
export type PairRule = (gradient: Tensor, a: Tensor, b: Tensor) => readonly [() => Tensor, () => Tensor];

/**
 * y = f(a, b) with broadcasting. A number stands for a scalar.
 *
 * @param saves whether the rule needs the operands
 * @param alpha a constant of the kernel
 */
export function binary(
  name: string,
  code: number,
  a: Tensor,
  b: Tensor | number,
  saves: boolean,
  rule: PairRule,
  alpha?: number,
): Tensor {
  return withPromoted(a, b, (x, y) => {
    checkAlike(name, x, y);
    checkDtype(name, x, 'float32', 'float64', 'int32', ...(OF_BOOL.has(code) ? (['bool'] as const) : []));
    const out = launchPair('binary', code, x, y, broadcastShapes(name, x.shape, y.shape), x.dtype, alpha);
    const [aShape, bShape] = [x.shape, y.shape];
    return withGradient(name, out, [x, y], saves ? [x, y] : [], (gradient, left, right) => {
      const [toLeft, toRight] = rule(gradient, left, right);
      return [() => toLeft().sumToSize(aShape), () => toRight().sumToSize(bShape)];
    });
  });
}

/** A relation of a and b as a bool tensor, without gradient. */
export function comparison(name: string, code: number, a: Tensor, b: Tensor | number): Tensor {
  const relation = (x: Tensor, y: Tensor, operation: number = code): Tensor =>
    withoutGradient(
      name,
      launchPair('compare', operation, x, y, broadcastShapes(name, x.shape, y.shape), 'bool'),
      [x, y],
    );
  if (isWholeNumber(a.dtype)) {
    // Truth values are the numbers 0 and 1: they need no conversion.
    if (typeof b === 'number') {
      const [operation, whole] = b === (b | 0) ? [code, b] : wholeRelation(code, b);
      return relation(a, scalarLike(whole, { dtype: 'int32', device: a.device }), operation);
    }
    if (isWholeNumber(b.dtype)) {
      checkDevice(name, a, b);
      return relation(a, b);
    }
  }
  return withPromoted(a, b, (x, y) => {
    checkAlike(name, x, y);
    checkDtype(name, x, 'float32', 'float64', 'int32', 'bool');
    return relation(x, y);
  });
}

/** The greatest int32. */
const MOST = 2 ** 31 - 1;

/**
 * A relation of an int32 with a number that int32 does not hold, as one with an int32: x < 2.5 is x ≤ 2. Converted to float32, an
 * integer above 2²⁴ would be another.
 */
function wholeRelation(code: number, b: number): [code: number, b: number] {
  const { EQ, NE, LT, LE, GT } = codes.compare;
  const isBelow = code === LT || code === LE;
  const isAlways = code === NE || (b < -MOST - 1 && !isBelow && code !== EQ);
  if (isAlways) return [LE, MOST];
  if (code === EQ || Number.isNaN(b) || b < -MOST - 1) return [GT, MOST];
  return [isBelow ? LE : GT, Math.min(MOST, Math.floor(b))];
}
