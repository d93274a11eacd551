import { codes, type Vec2 } from '../../backend/signatures.ts';
import { empty } from '../../tensor/create.ts';
import { ShapeError } from '../../tensor/errors.ts';
import { axesOf, mergeAxes, padFront, type Shape, sizeOf, type Walk } from '../../tensor/shape.ts';
import { describe, type Tensor } from '../../tensor/tensor.ts';
import { elementOf } from './launch.ts';
import { dense, freeCopy } from '../../tensor/dense.ts';

type Fold = 'SUM' | 'MAX' | 'MIN' | 'PROD';

/** One dim or several; negative dims count from the end. */
export type Dims = number | readonly number[];

/** Reductions longer than this with few outputs are split into chunks and finished in a second pass. */
const LONG = 4096;
/** With this many outputs every core has work without splitting. */
const MANY = 1024;

/** The shape after reducing `axes`: sizes of 1 with keepdim, otherwise without them. */
export function reducedShape(shape: Shape, axes: readonly number[], keepdim: boolean): number[] {
  if (keepdim) return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return shape.filter((_, axis) => !axes.includes(axis));
}

/**
 * Runs the reduce kernel over the given axes. Records no gradient.
 *
 * @param home the preallocated destination of the result: a contiguous tensor of its shape
 */
export function reduceAxes(
  operation: Fold,
  name: string,
  x: Tensor,
  axes: readonly number[],
  keepdim: boolean,
  home?: Tensor,
): Tensor {
  const shape = reducedShape(x.shape, axes, keepdim);
  const length = axes.reduce((size, axis) => size * x.shape[axis]!, 1);
  if (length === 0 && (operation === 'MAX' || operation === 'MIN') && sizeOf(shape) > 0) {
    throw new ShapeError(name, 'no elements', {
      takes: 'at least one element along the dims',
      got: describe(x),
    });
  }
  const out = home && length > 0 ? home.detach() : empty(shape, { dtype: x.dtype, device: x.device });
  if (out.numel() === 0) return out;
  if (length === 0) {
    const { Element } = elementOf(x.dtype);
    x.device.run(
      'fill',
      { out: out.storage.buffer },
      { size: out.numel(), value: Number(operation === 'PROD') },
      { Element },
    );
    return out;
  }

  const keptAxes = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const layout = pairwiseLayout(x, keptAxes, axes);
  const chunk = out.numel() < MANY && length > LONG ? Math.max(256, Math.ceil(Math.sqrt(length))) : length;
  const parts = Math.ceil(length / chunk);
  const target = parts === 1 ? out : empty([parts, out.numel()], { dtype: x.dtype, device: x.device });
  x.device.run(
    'reduce',
    { x: layout.source.storage.buffer, out: target.storage.buffer },
    {
      outputs: out.numel(),
      length,
      chunk,
      offset: layout.source.offset,
      outOffset: target.offset,
      ...layout.walk,
    },
    { OPERATION: codes.reduce[operation], ...elementOf(x.dtype) },
  );
  freeCopy(layout.source, x);
  if (target !== out) foldParts(operation, target, out);
  return out;
}

/** Folds the partial results [parts, size] of a split kernel into `out`, in order, and frees them. */
export function foldParts(operation: Fold, partials: Tensor, out: Tensor): void {
  const [parts, size] = partials.shape as [number, number];
  out.device.run(
    'reduce',
    { x: partials.storage.buffer, out: out.storage.buffer },
    {
      outputs: size,
      length: parts,
      chunk: parts,
      offset: 0,
      outOffset: out.offset,
      keptSize: size,
      reducedSize: parts,
      keptStrides: [0, 1],
      reducedStrides: [0, size],
    },
    { OPERATION: codes.reduce[operation], ...elementOf(out.dtype) },
  );
  partials.dispose();
}

interface PairwiseLayout {
  source: Tensor;
  walk: { keptSize: number; reducedSize: number; keptStrides: Vec2; reducedStrides: Vec2 };
}

/** Kept and reduced axes as at most two of each. A layout that needs more is copied. */
function pairwiseLayout(x: Tensor, keptAxes: readonly number[], axes: readonly number[]): PairwiseLayout {
  let source = x;
  let kept = merged(x, keptAxes);
  let reduced = merged(x, axes);
  if (kept.shape.length > 2 || reduced.shape.length > 2) {
    const order = [...keptAxes, ...axes];
    const { offset } = x;
    const view = x.withLayout({
      shape: order.map((axis) => x.shape[axis]!),
      strides: order.map((axis) => x.strides[axis]!),
      offset,
    });
    source = dense(view);
    freeCopy(view, source);
    kept = merged(
      source,
      keptAxes.map((_, axis) => axis),
    );
    reduced = merged(
      source,
      axes.map((_, axis) => keptAxes.length + axis),
    );
  }
  return {
    source,
    walk: {
      keptSize: kept.shape.at(-1) ?? 1,
      reducedSize: reduced.shape.at(-1) ?? 1,
      keptStrides: padFront(kept.strides[0]!, 2, 0),
      reducedStrides: padFront(reduced.strides[0]!, 2, 0),
    },
  };
}

/** The chosen axes of a tensor as few ones. */
function merged({ shape, strides }: Tensor, axes: readonly number[]): Walk {
  return mergeAxes(
    axes.map((axis) => shape[axis]!),
    [axes.map((axis) => strides[axis]!)],
  );
}

/** The axes that `dim` names in x. */
export function reductionAxes(name: string, x: Tensor, dim: Dims | undefined): number[] {
  return axesOf(name, dim, x.ndim);
}

/** A reduced tensor, or a gradient of its shape, with the reduced axes restored as size 1. */
export function restoreAxes(reduced: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  return reduced.reshape(reducedShape(shape, axes, true));
}
