// Running sums and products, and the product of all elements. One recurrence computes them and their gradients.

import { signature } from '../tensor/arguments.ts';
import { empty, full } from '../tensor/create.ts';
import { dense, freeCopy } from '../tensor/dense.ts';
import { BOOLEAN, INTEGER, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { axisOf, sizeOf } from '../tensor/shape.ts';
import { withGradient } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { cat } from './cat.ts';
import type { ReduceArguments } from './reductions.ts';
import { checkDtype, elementOf } from './support/launch.ts';
import { reduceAxes, reducedShape, reductionAxes } from './support/reduction.ts';
import type { Range } from './slice.ts';

const along = { x: TENSOR, dim: INTEGER };
const cumsumArguments = signature('cumsum', along);
const cumprodArguments = signature('cumprod', along);
const prodArguments = signature<{ dim?: number; keepdim?: boolean }>(
  'prod',
  { x: TENSOR },
  { dim: INTEGER, keepdim: BOOLEAN },
);

/**
 * Running sums along one dim. A bool tensor is counted in int32.
 *
 *     y[r] = Σ_{q ≤ r} x[q],   ∂loss/∂x[q] = Σ_{r ≥ q} ∂loss/∂y[r]
 *
 * @param dim the dim to sum along; a negative one counts from the end
 * @example
 * tensor([1, 2, 3]).cumsum(0); // 1, 3, 6
 */
export function cumsum(x: Tensor, dim: number): Tensor {
  cumsumArguments(arguments);
  return cumulative('cumsum', x, dim, (values, walk) => recur({ ...walk, x: values }));
}

/**
 * Running products along one dim. A bool tensor counts as int32. The gradient is exact where elements are 0.
 *
 *     y[r] = Π_{q ≤ r} x[q],   ∂y[r]/∂x[q] = Π_{p ≤ r, p ≠ q} x[p] for q ≤ r
 *
 * @param dim the dim to multiply along; a negative one counts from the end
 * @example
 * tensor([1, 2, 3]).cumprod(0); // 1, 2, 6
 */
export function cumprod(x: Tensor, dim: number): Tensor {
  cumprodArguments(arguments);
  return cumulative('cumprod', x, dim, (a, walk) => recur({ ...walk, a, initial: 1 }));
}

function cumulative(
  name: string,
  x: Tensor,
  dim: number,
  compute: (x: Tensor, walk: Direction) => Tensor,
): Tensor {
  if (x.dtype === 'bool') return scope(() => cumulative(name, x.to('int32'), dim, compute));
  checkDtype(name, x, 'float32', 'float64', 'int32');
  return compute(x, { name, axis: axisOf(name, dim, x.ndim), reverse: false });
}

/**
 * The product over one dim, or over all dims. A bool tensor counts as int32. 1 if there are no elements. The gradient is exact
 * where elements are 0.
 *
 *     ∂/∂x[q] = Π_{p ≠ q} x[p]
 *
 * @param keepdim keep the reduced dim with size 1
 * @example
 * tensor([[1, 2], [3, 4]]).prod(1); // 2, 12
 */
export function prod(x: Tensor, ...over: ReduceArguments<number>): Tensor {
  const { dim, keepdim = false } = prodArguments([x, ...over]);
  if (x.dtype === 'bool') return scope(() => prod(x.to('int32'), dim, keepdim));
  checkDtype('prod', x, 'float32', 'float64', 'int32');
  const axes = reductionAxes('prod', x, dim);
  const out = reduceAxes('PROD', 'prod', x, axes, keepdim);
  return withGradient(
    'prod',
    out,
    [x],
    [x],
    (gradient, input) => [
      () => {
        const rows = dim === undefined ? input.flatten() : input;
        const walk = { name: 'prod', axis: dim === undefined ? 0 : (axes[0] ?? 0), reverse: false };
        const others = productBefore(rows, walk).mul(productBefore(rows, { ...walk, reverse: true }));
        return gradient.reshape(reducedShape(input.shape, axes, true)).mul(others.reshape(input.shape));
      },
    ],
    axes,
  );
}

/** The products of the elements before each. */
function productBefore(a: Tensor, walk: Direction): Tensor {
  return previous(recur({ ...walk, a, initial: 1 }), walk, 1);
}

/** Along which axis, and whether from its last element to the first. */
interface Direction {
  readonly name: string;
  readonly axis: number;
  readonly reverse: boolean;
}

interface Recurrence extends Direction {
  /** 1 if it is left out. */
  readonly a?: Tensor | undefined;
  /** 0 if it is left out. */
  readonly x?: Tensor;
  readonly initial?: number;
}

/**
 * y[r] = a[r] · y[r - 1] + x[r] along an axis, with y[-1] = initial.
 *
 * Its gradients are recurrences in the other direction: with λ[r] = g[r] + a[r + 1] · λ[r + 1],
 *
 *     ∂loss/∂x[r] = λ[r],   ∂loss/∂a[r] = λ[r] · y[r - 1]
 */
function recur({ a, x, initial = 0, ...walk }: Recurrence): Tensor {
  const { name, axis, reverse } = walk;
  const like = (x ?? a)!;
  const { shape, dtype, device } = like;
  const out = empty(shape, { dtype, device });
  if (out.numel() > 0) {
    const length = shape[axis] ?? 1;
    const terms = x && dense(x);
    const factors = a ? dense(a) : terms!;
    const shifts = terms ?? factors;
    device.run(
      'scan',
      { a: factors.storage.buffer, x: shifts.storage.buffer, out: out.storage.buffer },
      {
        rows: out.numel() / length,
        length,
        inner: sizeOf(shape.slice(axis + 1)),
        aOffset: factors.offset,
        xOffset: shifts.offset,
        initial,
      },
      { SCALED: !!a, SHIFTED: !!x, REVERSE: reverse, Element: elementOf(dtype).Element },
    );
    if (terms) freeCopy(terms, x);
    if (a) freeCopy(factors, a);
  }
  const back = { ...walk, reverse: !reverse };
  return withGradient(
    name,
    out,
    [a, x].filter((each) => !!each),
    a ? [a, out] : [],
    (gradient, factor, result) => {
      const flow = (): Tensor => recur({ ...back, a: a && previous(factor, back, 1), x: gradient });
      const toFactor = (): Tensor => flow().mul(previous(result, walk, initial));
      return [...(a ? [toFactor] : []), ...(x ? [flow] : [])];
    },
    walk,
  );
}

/** The element before each along an axis; the first one has a number before it. */
function previous(x: Tensor, { axis, reverse }: Direction, first: number): Tensor {
  const { shape, dtype, device } = x;
  const length = shape[axis] ?? 1;
  if (length < 2) return full(shape, first, { dtype, device });
  const rest: Range = reverse ? [1, length] : [0, length - 1];
  const kept = x.slice(...new Array<Range>(axis).fill(null), rest);
  const edge = full(shape.with(axis, 1), first, { dtype, device });
  return cat(reverse ? [kept, edge] : [edge, kept], axis);
}
