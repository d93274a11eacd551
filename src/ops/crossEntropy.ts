import { empty, onesLike } from '../tensor/create.ts';
import { checkAlike, checkDevice } from '../tensor/checks.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { scope } from '../tensor/scope.ts';
import { record } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { checkDtype, dense, freeCopy } from './launch.ts';

/** What becomes of the losses of a batch. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Reduces losses as asked; PyTorch's default is the mean. */
export function reduceLosses(name: string, losses: Tensor, reduction: Reduction = 'mean'): Tensor {
  switch (reduction) {
    case 'mean':
      return losses.mean();
    case 'sum':
      return losses.sum();
    case 'none':
      return losses;
    default:
      throw new ArgumentError(name, 'no such reduction', {
        takes: "'mean', 'sum' or 'none'",
        got: String(reduction),
      });
  }
}

/**
 * The cross-entropy between softmax(input) and the target classes.
 *
 *     loss[n] = log Σ_c exp(input[n, c]) - input[n, target[n]],   ∂/∂input = softmax(input) - onehot(target)
 *
 * @param input logits [N, C], or [C] for one sample
 * @param target int32 [N], or [] for one sample; classes from 0 to C - 1
 * @param options.reduction `mean` (default), `sum` or `none`
 * @throws ShapeError when the target does not fit; on the CPU also WgradError for a class out of range, which on
 *         WebGPU gives NaN
 */
export function crossEntropy(input: Tensor, target: Tensor, options: { reduction?: Reduction } = {}): Tensor {
  checkDtype('crossEntropy', input, 'float32', 'float64');
  checkDtype('crossEntropy', target, 'int32');
  checkDevice('crossEntropy', input, target);
  if (input.ndim === 1 && target.ndim === 0) {
    return scope(() => {
      const losses = rowLosses(input.unsqueeze(0), target.unsqueeze(0));
      return options.reduction === 'none'
        ? losses.squeeze(0)
        : reduceLosses('crossEntropy', losses, options.reduction);
    });
  }
  if (input.ndim !== 2 || target.ndim !== 1 || input.shape[0] !== target.shape[0] || input.shape[1] === 0) {
    throw new ShapeError('crossEntropy', 'target does not fit', {
      takes: 'input float32[N, C], target int32[N]',
      got: `input ${describe(input)}, target ${describe(target)}`,
      ...(input.ndim === 2 ? { where: `N = ${input.shape[0]}, C = ${input.shape[1]}` } : {}),
    });
  }
  return scope(() => reduceLosses('crossEntropy', rowLosses(input, target), options.reduction));
}

function rowLosses(input: Tensor, target: Tensor): Tensor {
  const [rows, classes] = input.shape as [number, number];
  const losses = empty([rows], { dtype: input.dtype, device: input.device });
  const normaliser = empty([rows, 2], { dtype: input.dtype, device: input.device });
  if (rows > 0) {
    const x = dense(input);
    input.device.run(
      'crossEntropy',
      {
        x: x.storage.buffer,
        labels: target.storage.buffer,
        loss: losses.storage.buffer,
        normaliser: normaliser.storage.buffer,
      },
      { rows, classes, offset: x.offset, targetOffset: target.offset, targetStride: target.strides[0]! },
    );
    freeCopy(x, input);
  }
  record('crossEntropy', losses, [input], [input, target, normaliser], (gradient, x, labels, kept) => [
    () => rowGradients(x, labels, kept, gradient),
  ]);
  normaliser.dispose();
  return losses;
}

/** gradient[n] · (softmax(x)[n, c] - [c = target[n]]), itself differentiable in x and gradient. */
function rowGradients(x: Tensor, target: Tensor, normaliser: Tensor, gradient: Tensor): Tensor {
  checkAlike('crossEntropy', x, gradient);
  const [, classes] = x.shape as [number, number];
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  if (out.numel() > 0) {
    const logits = dense(x);
    x.device.run(
      'crossEntropyGradient',
      {
        x: logits.storage.buffer,
        labels: target.storage.buffer,
        normaliser: normaliser.storage.buffer,
        gradient: gradient.storage.buffer,
        out: out.storage.buffer,
      },
      {
        size: out.numel(),
        classes,
        offset: logits.offset,
        targetOffset: target.offset,
        targetStride: target.strides[0]!,
        gradientOffset: gradient.offset,
        gradientStride: gradient.strides[0]!,
      },
    );
    freeCopy(logits, x);
  }
  return record(
    'crossEntropyGradient',
    out,
    [x, gradient],
    [x, target, normaliser, gradient],
    (gg, logits, labels, kept, g) => {
      const probabilities = (): Tensor => logits.softmax(1);
      return [
        // The softmax's own Jacobian: p ⊙ (v - Σ p ⊙ v), each row weighted by its gradient.
        () => {
          const p = probabilities();
          const weighted = p.mul(gg);
          return weighted.sub(p.mul(weighted.sum(1, true))).mul(g.unsqueeze(1));
        },
        () => rowGradients(logits, labels, kept, onesLike(g)).mul(gg).sum(1),
      ];
    },
  );
}
