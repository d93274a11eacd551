import { codes } from '../backend/signatures.ts';
import { signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { checkAlike } from '../tensor/checks.ts';
import { ShapeError } from '../tensor/errors.ts';
import { TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { broadcastShapes, broadcastStrides, mergeAxes, sizeOf } from '../tensor/shape.ts';
import { withGradient } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { factorOf, factors, sumType, toHalf } from './support/factors.ts';
import { checkDtype, launchPair, launchUnary } from './support/launch.ts';
import { dense } from '../tensor/dense.ts';
import { foldParts } from './support/reduction.ts';

const takes = signature('matmul', { a: TENSOR, b: TENSOR });

/**
 * The matrix product, by PyTorch's rules. Vectors are rows on the left and columns on the right. Dims before the last
 * two are batches, which broadcast.
 *
 *     out[…, i, j] = Σ_p a[…, i, p] · b[…, p, j],   ∂/∂a = g bᵀ,  ∂/∂b = aᵀ g
 *
 * With float16 factors (see `autocast`) the result and the gradients are float32.
 *
 * @param a [k], [m, k] or […, m, k]
 * @param b [k], [k, n] or […, k, n]
 * @throws ShapeError if the inner sizes differ or the batches do not broadcast
 * @example
 * tensor([[1, 2], [3, 4]]).matmul(tensor([1, 1])); // 3, 7
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  takes(arguments);
  return scope(() => productOf(...factors(a, b)));
}

function productOf(a: Tensor, b: Tensor): Tensor {
  checkAlike('matmul', a, b);
  checkDtype('matmul', a, 'float32', 'float64', 'float16');
  if (a.ndim === 0 || b.ndim === 0 || a.shape.at(-1) !== b.shape.at(b.ndim === 1 ? 0 : -2)) {
    throw new ShapeError('matmul', 'inner sizes differ', {
      takes: 'a […, m, k] and b […, k, n], or vectors [k]',
      got: `a ${describe(a)} and b ${describe(b)}`,
    });
  }
  if (a.ndim === 1) return productOf(a.unsqueeze(0), b).squeeze(b.ndim === 1 ? 0 : -2);
  if (b.ndim === 1) return productOf(a, b.unsqueeze(1)).squeeze(-1);
  // The rows of a batch times one matrix are the rows of one product.
  if (a.ndim > 2 && b.ndim === 2) {
    return productOf(a.flatten(0, -2), b).reshape([...a.shape.slice(0, -1), b.shape[1]!]);
  }
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const [aShape, bShape] = [a.shape, b.shape];
  return withGradient('matmul', product(a, b, batch), [a, b], [a, b], (gradient, left, right) => {
    const g = left.dtype === 'float16' ? toHalf(gradient) : gradient;
    return [
      () => matmul(g, right.transpose(-2, -1)).sumToSize(aShape),
      () => matmul(left.transpose(-2, -1), g).sumToSize(bShape),
    ];
  });
}

/** With fewer outputs than this and a long k, cores would be idle, so k is split. */
const FEW_OUTPUTS = 8192;
const LEAST_CHUNK = 256;

/** What a product computes in addition. */
export interface Epilogue {
  /** Added to every row: [n]. */
  bias?: Tensor | undefined;
  /** Replaces negative values by 0. */
  relu?: boolean;
  /** The preallocated destination of the result: a contiguous tensor of its shape. */
  home?: Tensor | undefined;
}

/** The product of […, m, k] and […, k, n], whose batch dims broadcast to `batch`. Records no gradient. */
export function product(
  a: Tensor,
  b: Tensor,
  batch: readonly number[],
  { bias, relu = false, home }: Epilogue = {},
): Tensor {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const like = { dtype: sumType(a.dtype), device: a.device };
  const out = home?.detach() ?? empty([...batch, m, n], like);
  const size = out.numel();
  if (size === 0) return out;
  const left = withOneBatchStride(a, batch);
  const right = withOneBatchStride(b, batch);
  const splits = Math.max(1, Math.min(Math.floor(k / LEAST_CHUNK), Math.floor(FEW_OUTPUTS / size)));
  const chunk = Math.max(1, Math.ceil(k / splits));
  const parts = Math.max(1, Math.ceil(k / chunk));
  const target = parts === 1 ? out : empty([parts, size], like);
  a.device.run(
    'matmul',
    {
      a: left.source.storage.buffer,
      b: right.source.storage.buffer,
      // Without a bias this binding is not read.
      bias: (bias ?? left.source).storage.buffer,
      out: target.storage.buffer,
    },
    {
      m,
      n,
      k,
      batch: sizeOf(batch),
      chunk,
      aOffset: left.source.offset,
      aBatchStride: left.batchStride,
      aRowStride: left.source.strides.at(-2)!,
      aColumnStride: left.source.strides.at(-1)!,
      bOffset: right.source.offset,
      bBatchStride: right.batchStride,
      bRowStride: right.source.strides.at(-2)!,
      bColumnStride: right.source.strides.at(-1)!,
      biasOffset: bias?.offset ?? 0,
      outOffset: target.offset,
    },
    { ...factorOf(a.dtype), ...(target === out && { BIAS: bias !== undefined, RELU: relu }) },
  );
  left.source.dispose();
  right.source.dispose();
  if (target === out) return out;
  foldParts('SUM', target, out);
  return finished(out, bias, relu);
}

/** Adds bias and relu to a product that was computed in parts. */
function finished(sum: Tensor, bias: Tensor | undefined, relu: boolean): Tensor {
  let out = sum;
  const then = (next: Tensor): void => {
    out.dispose();
    out = next;
  };
  if (bias) then(launchPair('binary', codes.binary.ADD, out, bias, out.shape, out.dtype));
  if (relu) then(launchUnary(codes.unary.RELU, out));
  return out;
}

/** A view of the operand with its batch dims as one stride, or a copy if they do not merge. The caller frees it. */
function withOneBatchStride(x: Tensor, batch: readonly number[]): { source: Tensor; batchStride: number } {
  const shape = [...batch, ...x.shape.slice(-2)];
  const strides = broadcastStrides(x.shape, x.strides, shape);
  // Rows and columns of size 1 have stride 0, because nothing steps along them.
  const stretched = x.withLayout({ shape, strides, offset: x.offset });
  const stride = (tensor: Tensor): number | undefined => {
    const merged = mergeAxes(batch, [tensor.strides.slice(0, -2)]);
    return merged.shape.length > 1 ? undefined : (merged.strides[0]![0] ?? 0);
  };
  const direct = stride(stretched);
  if (direct !== undefined) return { source: stretched, batchStride: direct };
  const source = dense(stretched);
  stretched.dispose();
  return { source, batchStride: stride(source)! };
}
