import type { Backend } from '../../src/backend/backend.ts';
import { cat, nn, optim, scope, type Tensor, tensor, where } from '../../src/index.ts';

/** Numbers that comparisons and reductions treat apart. */
const specials: readonly number[] = [NaN, Infinity, -Infinity];

/** Rows and columns: less than a group of four lanes, groups with a rest, and rows that many invocations share. */
const shapes = [
  [5, 3],
  [19, 19],
  [70, 70],
  [130, 130],
] as const;

/** So many rows that one invocation reduces one, however long it is. */
const many = [1030, 64] as const;

/** Integers from -4 to 4 in no order. */
function integers(length: number, stream: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, at) => ((Math.imul(at + 1, 2654435761 + 2 * stream) >>> 20) % 9) - 4,
  );
}

/**
 * Row i has the special number in column i, modulo the columns, so that all columns come before. Every third row has
 * another one five columns on.
 */
function matrix(device: Backend, [rows, columns]: readonly [number, number], special: number): Tensor {
  const numbers = integers(rows * columns, rows);
  for (let row = 0; row < rows; row++) {
    numbers[row * columns + (row % columns)] = special;
    if (row % 3 === 0) numbers[row * columns + ((row + 5) % columns)] = special;
  }
  return tensor(numbers, { device, shape: [rows, columns], requiresGrad: true });
}

const { functional: F } = nn;

/** Every operation that compares, as a function of a matrix and of numbers beside it. */
const operations: Record<string, (x: Tensor, beside: Tensor, labels: Tensor) => Tensor> = {
  amax: (x) => x.amax(1),
  'amax of columns': (x) => x.amax(0),
  'amax of all': (x) => x.amax(),
  amin: (x) => x.amin(1),
  'amin of columns': (x) => x.amin(0),
  argmax: (x) => x.argmax(1),
  'argmax of columns': (x) => x.argmax(0),
  argmin: (x) => x.argmin(1),
  'argmin of all': (x) => x.argmin(),
  softmax: (x) => x.softmax(1),
  'softmax of columns': (x) => x.softmax(0),
  logSoftmax: (x) => x.logSoftmax(1),
  logsumexp: (x) => x.logsumexp(1),
  relu: (x) => x.relu(),
  leakyRelu: (x) => x.leakyRelu(0.1),
  clamp: (x) => x.clamp(-1, 1),
  maximum: (x, beside) => x.maximum(beside),
  minimum: (x, beside) => beside.minimum(x),
  'maximum with its transpose': (x) => x.maximum(x.detach().flip(0)),
  lt: (x, beside) => x.lt(beside),
  ge: (x, beside) => beside.ge(x),
  eq: (x) => x.eq(x),
  ne: (x) => x.ne(x),
  where: (x, beside) => where(x.gt(0), x, beside),
  'max pooling in halves': (x) => x.unsqueeze(0).maxPool2d(2),
  'max pooling in overlapping windows': (x) => x.unsqueeze(0).maxPool2d(3, { stride: 1, padding: 1 }),
  crossEntropy: (x, _, labels) => F.crossEntropy(x, labels, { reduction: 'none' }),
  'crossEntropy, mean': (x, _, labels) => F.crossEntropy(x, labels),
  'a layer with relu': (x) => {
    const weight = tensor(integers(3 * x.shape[1]!, 7), {
      device: x.device,
      shape: [3, x.shape[1]!],
    });
    return F.linear(x, weight, undefined, { activation: 'relu' });
  },
  'a convolution with relu': (x) => {
    const weight = tensor(integers(9, 8), { device: x.device, shape: [1, 1, 3, 3] });
    return F.conv2d(x.unsqueeze(0), weight, undefined, { padding: 1, activation: 'relu' });
  },
  clipGradNorm: (x) => clipped(x, 2),
  'clipGradNorm by the greatest': (x) => clipped(x, Infinity),
};

/** The gradients after clipping, and the norm before: the matrix is the gradient. */
function clipped(x: Tensor, normType: number): Tensor {
  const leaf = x.detach().mul(0);
  leaf.requiresGrad = true;
  leaf.backward(x.detach());
  const norm = optim.clipGradNorm([leaf], 1, { normType });
  return cat([leaf.grad!.flatten(), norm.reshape([1])]);
}

export const names: readonly string[] = Object.keys(operations);

/** Results and gradients of an operation for all shapes and special numbers. */
export async function results(name: string, device: Backend): Promise<number[]> {
  const operation = operations[name]!;
  const all = scope(() => {
    const each = specials.flatMap((special) =>
      [...shapes, ...(/^a(max|min)$/.test(name) ? [many] : [])].flatMap((shape) => {
        const x = matrix(device, shape, special);
        const beside = tensor(integers(x.numel(), 9), { device, shape: [...shape] });
        const labels = tensor(
          Int32Array.from({ length: shape[0] }, (_, row) => (3 * row) % shape[1]),
          { device },
        );
        const out = operation(x, beside, labels);
        if (!out.requiresGrad) return [out.to('float32')];
        const seed = tensor(integers(out.numel(), 10), { device, shape: [...out.shape] });
        out.backward(seed);
        return [out.detach(), x.grad!];
      }),
    );
    return cat(each.map((tensor) => tensor.detach().flatten()));
  });
  const values = Array.from(await all.data());
  all.dispose();
  return values;
}

/** Of the largest difference of finite numbers, beyond 1 in units of the number; infinite if others are not alike. */
export function deviation(found: readonly number[], expected: readonly number[]): number {
  if (found.length !== expected.length) return Infinity;
  return expected.reduce((most, value, at) => {
    if (Object.is(found[at], value)) return most;
    const difference = Math.abs(found[at]! - value) / Math.max(1, Math.abs(value));
    return Math.max(most, Number.isNaN(difference) ? Infinity : difference);
  }, 0);
}
