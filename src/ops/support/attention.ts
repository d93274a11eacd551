import { WIDEST_HEAD } from '../../backend/lanes.ts';
import { codes, type Vec4 } from '../../backend/signatures.ts';
import { autocastType } from '../../tensor/autocast.ts';
import { empty } from '../../tensor/create.ts';
import { isGradEnabled } from '../../tensor/gradientMode.ts';
import {
  broadcastShapes,
  broadcastStrides,
  inOrder,
  padFront,
  type Shape,
  sizeOf,
  type Strides,
  stridesOf,
} from '../../tensor/shape.ts';
import { type Gradients, isListening, withGradient } from '../../tensor/tape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { attentionGradients, type Scores } from './attentionScores.ts';

/** The sizes of attention that one kernel computes. */
interface Heads extends Scores {
  /** The sizes before the last two of what is computed. */
  batch: Shape;
  queries: number;
  keys: number;
  width: number;
  valueWidth: number;
}

/**
 * What one kernel can compute; undefined where attention consists of several operations: for wide heads, more than two dims
 * before the last two, float16, a mask that requires a gradient, and where each operation is recorded.
 */
export function headsOf(q: Tensor, k: Tensor, v: Tensor, scores: Scores): Heads | undefined {
  const { mask } = scores;
  const alike = (x: Tensor): boolean => x.device === q.device && (x.dtype === q.dtype || x.dtype === 'bool');
  const dtypes = q.dtype === 'float32' ? autocastType() === 'float32' : q.dtype === 'float64';
  const operands = [q, k, v, ...(mask ? [mask] : [])];
  if (!dtypes || !operands.every(alike) || mask?.requiresGrad || isListening()) return undefined;
  const before = [q, k, v].map(({ shape }) => shape.slice(0, -2));
  const batch = broadcastShapes('scaledDotProductAttention', ...before);
  const [queries, width] = q.shape.slice(-2) as [number, number];
  const [keys, valueWidth] = v.shape.slice(-2) as [number, number];
  const sizes = [...batch, queries, keys];
  const fits =
    batch.length <= 2 &&
    sizeOf([...sizes, width, valueWidth]) > 0 &&
    Math.max(width, valueWidth) <= WIDEST_HEAD &&
    (!mask || reaches(mask.shape, sizes));
  return fits ? { ...scores, batch, queries, keys, width, valueWidth } : undefined;
}

/** With more scores than this, 64 MiB, a processor does not store them where it could. */
const MANY_SCORES = 2 ** 24;

/**
 * Whether the kernels are worth it. Drivers that run on the processor multiply matrices several times faster, so there the scores
 * are stored as long as a binding can hold them. WebAssembly is as fast either way, but the gradients of attention that is not
 * causal would compute the scores a second time.
 */
export function paysOff({ batch, queries, keys, isCausal }: Heads, operands: readonly Tensor[]): boolean {
  const { name, info } = operands[0]!.device;
  const scores = sizeOf(batch) * queries * keys;
  if (name === 'cpu') {
    const trained = isGradEnabled() && operands.some(({ requiresGrad }) => requiresGrad);
    return isCausal || !trained || scores > MANY_SCORES;
  }
  return info['software'] !== true || 4 * scores > Number(info['maxStorageBufferBindingSize']);
}

/** Whether a shape broadcasts to another. */
function reaches(shape: Shape, target: Shape): boolean {
  const ends = target.slice(target.length - shape.length);
  return shape.length <= target.length && shape.every((size, axis) => size === 1 || size === ends[axis]);
}

/** Attention by one kernel, and its gradients by another. */
export function fusedAttention(q: Tensor, k: Tensor, v: Tensor, heads: Heads): Tensor {
  const { batch, queries, valueWidth, scale, mask } = heads;
  const { dtype, device } = q;
  const shape = [...batch, queries, valueWidth];
  const out = emptyAs(shape, q);
  const stats = empty([sizeOf(batch) * queries, 2], { dtype, device });
  const common = inputsOf(q, k, v, heads);
  device.run(
    'attention',
    { ...common.buffers, out: out.storage.buffer, stats: stats.storage.buffer },
    { ...common.params, batch: sizeOf(batch), scale, outStrides: vectorOf(out, shape) },
    { FORM: formOf(heads) },
  );
  const saved = [q, k, v, out, stats, ...(mask ? [mask] : [])];
  withGradient(
    'scaledDotProductAttention',
    out,
    [q, k, v],
    saved,
    (g, query, key, value, result, kept, chosen) => {
      const scores = { ...heads, mask: chosen };
      return isGradEnabled()
        ? attentionGradients(g, query, key, value, scores)
        : fusedGradients(g, query, key, value, result, kept, scores);
    },
  );
  stats.dispose();
  return out;
}

/** The gradients by a kernel, which is not differentiable. */
function fusedGradients(
  g: Tensor,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  out: Tensor,
  stats: Tensor,
  heads: Heads,
): Gradients {
  const { batch, queries, keys, width, valueWidth, scale } = heads;
  const count = sizeOf(batch);
  const shapes = [
    [...batch, queries, width],
    [...batch, keys, width],
    [...batch, keys, valueWidth],
  ];
  const strides = [q, k, v].map((each, index) => stridesAs(shapes[index]!, each));
  const [dkOffset, dvOffset, size] = [1, 2, 3].map((end) =>
    shapes.slice(0, end).reduce((sum, shape) => sum + sizeOf(shape), 0),
  ) as [number, number, number];
  const gradients = empty([size], { dtype: q.dtype, device: q.device });
  const common = inputsOf(q, k, v, heads);
  const sizes = [...batch, queries, valueWidth];
  q.device.run(
    'attentionGradient',
    {
      ...common.buffers,
      out: out.storage.buffer,
      stats: stats.storage.buffer,
      gradient: g.storage.buffer,
      gradients: gradients.storage.buffer,
    },
    {
      ...common.params,
      queryBatch: q.requiresGrad ? count : 0,
      keyBatch: k.requiresGrad || v.requiresGrad ? count : 0,
      scale,
      outStrides: vectorOf(out, sizes),
      gradientOffset: g.offset,
      gradientStrides: vectorOf(g, sizes),
      dqStrides: padded(strides[0]!),
      dkOffset,
      dkStrides: padded(strides[1]!),
      dvOffset,
      dvStrides: padded(strides[2]!),
    },
    { FORM: formOf(heads) },
  );
  const part = (index: number): Tensor => {
    const layout = {
      shape: shapes[index]!,
      strides: strides[index]!,
      offset: [0, dkOffset, dvOffset][index]!,
    };
    const { shape } = [q, k, v][index]!;
    return gradients.withLayout(layout).sumToSize(shape);
  };
  return [() => part(0), () => part(1), () => part(2)];
}

/** What both kernels read. */
function inputsOf(q: Tensor, k: Tensor, v: Tensor, { batch, queries, keys, width, valueWidth, mask }: Heads) {
  return {
    buffers: {
      q: q.storage.buffer,
      k: k.storage.buffer,
      v: v.storage.buffer,
      // Without a mask this binding is not read.
      mask: (mask ?? q).storage.buffer,
    },
    params: {
      inner: batch.at(-1) ?? 1,
      queries,
      keys,
      width,
      valueWidth,
      qOffset: q.offset,
      qStrides: vectorOf(q, [...batch, queries, width]),
      kOffset: k.offset,
      kStrides: vectorOf(k, [...batch, keys, width]),
      vOffset: v.offset,
      vStrides: vectorOf(v, [...batch, keys, valueWidth]),
      maskOffset: mask?.offset ?? 0,
      maskStrides: mask ? vectorOf(mask, [...batch, queries, keys]) : padded([]),
    },
  };
}

function formOf({ mask, isCausal }: Heads): number {
  const { PLAIN, CAUSAL, CHOSEN, ADDED } = codes.attention;
  if (isCausal) return CAUSAL;
  return mask ? (mask.dtype === 'bool' ? CHOSEN : ADDED) : PLAIN;
}

/** The strides of a tensor that broadcasts to a shape, as the kernels take them. */
function vectorOf(x: Tensor, shape: Shape): Vec4 {
  return padded(broadcastStrides(x.shape, x.strides, shape));
}

function padded(strides: Strides): Vec4 {
  return padFront<Vec4>(strides, 4, 0);
}

/**
 * Strides without gaps, where the axes lie in the order of another tensor's. So heads that were split from rows of features join
 * to rows again without a copy.
 */
function stridesAs(shape: Shape, like: Tensor): number[] {
  const steps = broadcastStrides(like.shape, like.strides, shape.with(-1, like.shape.at(-1)!));
  const last = shape.length - 1;
  const order = shape
    .map((_, axis) => axis)
    .sort((left, right) => Number(left === last) - Number(right === last) || steps[right]! - steps[left]!);
  const found = stridesOf(inOrder(shape, order));
  return shape.map((_, axis) => found[order.indexOf(axis)]!);
}

function emptyAs(shape: Shape, like: Tensor): Tensor {
  const made = empty(shape, { dtype: like.dtype, device: like.device });
  const out = made.withLayout({ shape, strides: stridesAs(shape, like), offset: 0 });
  made.dispose();
  return out;
}
