import { fitOneWorkgroup } from '../../backend/lanes.ts';
import { empty, onesLike } from '../../tensor/create.ts';
import { isGradEnabled } from '../../tensor/gradientMode.ts';
import { checkAlike } from '../../tensor/checks.ts';
import { mergeAxes, sizeOf, stridesOf } from '../../tensor/shape.ts';
import { withGradient } from '../../tensor/tape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type ClassOptions, withOneClass } from './classTargets.ts';
import { dense, freeCopy } from '../../tensor/dense.ts';
import { divideByCount, type Reduction } from './lossReduction.ts';

interface RowOptions extends ClassOptions {
  /** 0 by default. */
  smoothing?: number;
  reduction: Reduction;
  /** Whether the input holds log-probabilities: nllLoss. */
  logs?: boolean;
}

/** `classLosses` of samples, or of one sample [C] and its class []. */
export function ofClasses(input: Tensor, target: Tensor, options: RowOptions): Tensor {
  if (input.ndim > 1) return classLosses(input, target, options);
  const loss = classLosses(input.unsqueeze(0), target.unsqueeze(0), options);
  return options.reduction === 'none' ? loss.squeeze(0) : loss;
}

/**
 * The reduced cross-entropy of logits, or log-probabilities, [N, C, …] and target classes [N, …]. For few rows one launch
 * computes the losses, their sum and the division. For more rows a second launch sums and divides. Backward is one launch.
 */
function classLosses(input: Tensor, target: Tensor, options: RowOptions): Tensor {
  const { device, dtype } = input;
  const rows = target.numel();
  const labels = inOneRow(target);
  const weight = options.weight && dense(options.weight);
  const { reduction, logs = false } = options;
  const total = reduction !== 'none' && rows > 0 && fitOneWorkgroup(rows, input.shape[1]!);
  // Row 0 holds the losses, row 1 their weights in a mean. One reduction sums both.
  const losses = empty(total ? [2] : [2, rows], { dtype, device });
  const rowwise = empty([rows, 3], { dtype, device });
  if (rows > 0) {
    const x = dense(input);
    device.run(
      'crossEntropy',
      {
        x: x.storage.buffer,
        labels: labels.storage.buffer,
        // Without weights this binding is not read.
        weight: (weight ?? x).storage.buffer,
        losses: losses.storage.buffer,
        rowwise: rowwise.storage.buffer,
      },
      { rows, offset: x.offset, ...common(input, labels, weight, options) },
      { ...variantOf(options), TOTAL: total, MEAN: total && reduction === 'mean' },
    );
    freeCopy(x, input);
  }
  const { loss, divisor } = total ? parts(losses) : reduced(losses, target, reduction);
  const saved = [input, labels, rowwise, divisor, weight ?? rowwise];
  return withGradient(
    logs ? 'nllLoss' : 'crossEntropy',
    loss,
    [input],
    saved,
    (gradient, x, kept, facts, total, weighting) => [
      () => {
        const mean = reduction === 'mean';
        // The kernel divides, unless the division must be differentiable.
        const scaled = mean && isGradEnabled() ? divideByCount(gradient, total, 0) : gradient;
        const each = reduction === 'none' ? scaled.reshape([rows]) : scaled.expand([rows]);
        const divisor = mean && !isGradEnabled() ? total : undefined;
        return rowGradients(x, { labels: kept, rowwise: facts, weight: weighting, options, divisor }, each);
      },
    ],
  );
}

/** A reduced loss, and the divisor of a mean. */
interface Reduced {
  loss: Tensor;
  divisor: Tensor;
}

function reduced(losses: Tensor, target: Tensor, reduction: Reduction): Reduced {
  if (reduction === 'none') {
    const { shape } = target;
    const loss = losses.withLayout({ shape, strides: stridesOf(shape), offset: losses.offset });
    return { loss, divisor: losses };
  }
  if (losses.numel() <= FEW) return parts(totalsOf(losses, reduction));
  const { loss, divisor } = parts(losses.sum(1));
  return { loss: reduction === 'mean' ? divideByCount(loss, divisor, NaN) : loss, divisor };
}

function parts(totals: Tensor): Reduced {
  const [loss, divisor] = [0, 1].map((at) =>
    totals.withLayout({ shape: [], strides: [], offset: totals.offset + at }),
  ) as [Tensor, Tensor];
  return { loss, divisor };
}

/** The number of losses that one workgroup sums. */
const FEW = 2 ** 15;

function totalsOf(losses: Tensor, reduction: Reduction): Tensor {
  const { device, dtype, shape } = losses;
  const total = empty([2], { dtype, device });
  device.run(
    'lossTotal',
    { losses: losses.storage.buffer, total: total.storage.buffer },
    { rows: shape[1]! },
    { MEAN: reduction === 'mean' },
  );
  return total;
}

/** The inputs of the backward launch besides the logits. */
interface RowFacts {
  labels: Tensor;
  rowwise: Tensor;
  weight: Tensor;
  options: RowOptions;
  /** The divisor of the gradient. */
  divisor?: Tensor | undefined;
}

/** gradient[n] · (a[n] · softmax(x)[n, c] - q[n, c]), differentiable in x and gradient. */
function rowGradients(x: Tensor, facts: RowFacts, gradient: Tensor): Tensor {
  checkAlike('crossEntropy', x, gradient);
  const { labels, rowwise, weight, options, divisor } = facts;
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  if (out.numel() > 0) {
    const logits = dense(x);
    x.device.run(
      'crossEntropyGradient',
      {
        x: logits.storage.buffer,
        labels: labels.storage.buffer,
        weight: weight.storage.buffer,
        rowwise: rowwise.storage.buffer,
        gradient: gradient.storage.buffer,
        // Without a division this binding is not read.
        divisor: (divisor ?? rowwise).storage.buffer,
        out: out.storage.buffer,
      },
      {
        rows: labels.numel(),
        offset: logits.offset,
        gradientOffset: gradient.offset,
        gradientStride: gradient.strides[0]!,
        divisorOffset: divisor?.offset ?? 0,
        ...common(x, labels, weight, options),
      },
      { ...variantOf(options), MEAN: divisor !== undefined },
    );
    freeCopy(logits, x);
  }
  return withGradient(
    'crossEntropyGradient',
    out,
    [x, gradient],
    [x, labels, rowwise, weight, gradient],
    (gg, logits, kept, rowFacts, weighting, g) => {
      const [rows] = g.shape as [number];
      const shape = withOneClass([x.shape[0]!, ...x.shape.slice(2)]);
      return [
        // The Jacobian of softmax: p ⊙ (v - Σ p ⊙ v), each row weighted by a and its gradient.
        options.logs
          ? undefined
          : () => {
              const p = logits.softmax(1);
              const weighted = p.mul(gg);
              const share = rowFacts.withLayout({ shape: [rows], strides: [3], offset: rowFacts.offset + 2 });
              const scale = g.mul(share).reshape(shape);
              return weighted.sub(p.mul(weighted.sum(1, true))).mul(scale);
            },
        () => {
          const inner = { labels: kept, rowwise: rowFacts, weight: weighting, options };
          return rowGradients(logits, inner, onesLike(g)).mul(gg).sum(1).reshape([rows]);
        },
      ];
    },
  );
}

/** Parameters that the forward and the backward launch share. */
function common(
  { shape }: Tensor,
  labels: Tensor,
  weight: Tensor | undefined,
  { ignoreIndex, smoothing = 0 }: RowOptions,
): Record<
  'classes' | 'inner' | 'labelOffset' | 'labelStride' | 'weightOffset' | 'ignoreIndex' | 'smoothing',
  number
> {
  return {
    classes: shape[1]!,
    inner: sizeOf(shape.slice(2)),
    labelOffset: labels.offset,
    labelStride: labels.strides[0]!,
    weightOffset: weight?.offset ?? 0,
    ignoreIndex,
    smoothing,
  };
}

function variantOf({
  weight,
  smoothing = 0,
  logs = false,
}: RowOptions): Record<'WEIGHTED' | 'SMOOTHED' | 'LOGS', boolean> {
  return { WEIGHTED: weight !== undefined, SMOOTHED: smoothing > 0, LOGS: logs };
}

/** The elements in row-major order as one strided axis: a view if the layout allows it, otherwise a copy. */
function inOneRow(x: Tensor): Tensor {
  const { shape, strides } = mergeAxes(x.shape, [x.strides]);
  const size = x.numel();
  if (shape.length > 1) return x.reshape([size]);
  return x.withLayout({ shape: [size], strides: [strides[0]![0] ?? 1], offset: x.offset });
}
