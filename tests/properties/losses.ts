import {
  type Backend,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  mseLoss,
  nllLoss,
  scope,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { Draw, seed } from './draw.ts';

type Reduction = 'mean' | 'sum' | 'none';

/** One loss, as users call it, and its definition in float64: the rows' losses, and the gradients of these. */
interface LossCase {
  text: string;
  lossOf: (operands: readonly Tensor[]) => Tensor;
  /** The operands that get gradients, each with its values. */
  operands: readonly Operand[];
  constants: readonly Operand[];
  shape: readonly number[];
  reduction: Reduction;
  /** The losses before the reduction, and what a mean divides by. */
  losses: number[];
  divisor: number;
  /** d losses[row] / d operand, times `scale[row]`, summed over the rows. */
  gradients: (scale: readonly number[]) => number[][];
}

interface Operand {
  values: number[];
  shape: readonly number[];
  dtype: 'float32' | 'int32';
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);
const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Numbers of three digits, which float32 holds as float64 does, up to rounding. */
function reals(draw: Draw, shape: readonly number[], least: number, most: number): Operand {
  const values = Array.from({ length: sizeOf(shape) }, () =>
    Math.fround(least + ((most - least) * draw.integer(0, 999)) / 999),
  );
  return { values, shape, dtype: 'float32' };
}

/** The loss of a number, with everything else drawn. */
function drawLoss(at: number): LossCase {
  const draw = new Draw(at);
  const reduction = draw.of<Reduction>('mean', 'mean', 'sum', 'none');
  const kind = draw.of(
    'crossEntropy',
    'crossEntropy',
    'crossEntropy',
    'nllLoss',
    'probabilities',
    'mse',
    'binary',
  );
  switch (kind) {
    case 'mse':
      return squaredError(draw, reduction);
    case 'binary':
      return binary(draw, reduction);
    case 'probabilities':
      return probabilities(draw, reduction);
    default:
      return classLoss(draw, kind, reduction);
  }
}

/** [N, C, …], or [C] for one sample, with the numbers of samples, classes and places. */
function classShape(draw: Draw): { shape: number[]; n: number; c: number; places: number } {
  const c = draw.of(1, 2, 3, 4, 5, 9, 33, 130);
  if (draw.integer(0, 9) === 0) return { shape: [c], n: 1, c, places: 1 };
  const n = draw.of(0, 1, 2, 5, 8, 64, 65, 130);
  const rest = draw.of([], [], [], [1], [3], [2, 3], [4, 1, 2]);
  return { shape: [n, c, ...rest], n, c, places: sizeOf(rest) };
}

function classLoss(draw: Draw, kind: 'crossEntropy' | 'nllLoss', reduction: Reduction): LossCase {
  const { shape, n, c, places } = classShape(draw);
  const input = reals(draw, shape, -6, 6);
  const weight = draw.of(true, false) ? reals(draw, [c], 0, 2) : undefined;
  // A class of weight 0 as well.
  if (weight && draw.of(true, false)) weight.values[draw.integer(0, c - 1)] = 0;
  const ignoreIndex = draw.of(-100, -1, 0, draw.integer(0, c - 1));
  const smoothing = kind === 'nllLoss' ? 0 : draw.of(0, 0, 0.1, 0.5, 1);
  const ignoredOf = draw.of(0, 0, 3, 10);
  const labels = Array.from({ length: n * places }, () =>
    draw.integer(0, 9) < ignoredOf ? ignoreIndex : draw.integer(0, c - 1),
  );
  const target: Operand = {
    values: labels,
    shape: shape.length === 1 ? [] : [n, ...shape.slice(2)],
    dtype: 'int32',
  };
  const weightOf = (j: number): number => weight?.values[j] ?? 1;
  const place = (row: number, j: number): number =>
    (Math.floor(row / places) * c + j) * places + (row % places);
  const all = sum(Array.from({ length: c }, (_, j) => weightOf(j)));
  const rows = labels.map((label, row) => {
    const x = Array.from({ length: c }, (_, j) => input.values[place(row, j)]!);
    const greatest = Math.max(...x);
    const logSum = greatest + Math.log(sum(x.map((each) => Math.exp(each - greatest))));
    const counts = label !== ignoreIndex;
    const w = counts ? weightOf(label) : 0;
    const spread = counts ? smoothing / c : 0;
    // The weight of each class's -log probability.
    const shares = x.map((_, j) => (1 - smoothing) * (j === label ? w : 0) + spread * weightOf(j));
    return { x, logSum, w, shares, total: (1 - smoothing) * w + spread * all };
  });
  const normal = kind === 'crossEntropy';
  const options = { reduction, ignoreIndex, ...(normal ? { labelSmoothing: smoothing } : {}) };
  return {
    text: `${kind}(float32[${shape.join(', ')}], ${JSON.stringify({ ...options, weighted: weight !== undefined })})`,
    lossOf: ([x, t, w]) => {
      const given = { ...options, ...(w ? { weight: w } : {}) };
      return normal ? crossEntropy(x!, t!, given) : nllLoss(x!, t!, given);
    },
    operands: [input],
    constants: weight ? [target, weight] : [target],
    shape: target.shape,
    reduction,
    losses: rows.map(({ x, logSum, shares }) =>
      sum(shares.map((share, j) => (share === 0 ? 0 : share * ((normal ? logSum : 0) - x[j]!)))),
    ),
    divisor: sum(rows.map(({ w }) => w)),
    gradients: (scale) => {
      const gradient = new Array<number>(input.values.length).fill(0);
      rows.forEach(({ x, logSum, shares, total }, row) =>
        x.forEach((each, j) => {
          const pull = normal ? total * Math.exp(each - logSum) : 0;
          gradient[place(row, j)] = scale[row]! * (pull - shares[j]!);
        }),
      );
      return [gradient];
    },
  };
}

function probabilities(draw: Draw, reduction: Reduction): LossCase {
  const { shape, n, c, places } = classShape(draw);
  const [input, target] = [reals(draw, shape, -6, 6), reals(draw, shape, 0, 1)];
  const weight = draw.of(true, false) ? reals(draw, [c], 0, 2) : undefined;
  const smoothing = draw.of(0, 0, 0.2);
  const weightOf = (j: number): number => weight?.values[j] ?? 1;
  const place = (row: number, j: number): number =>
    (Math.floor(row / places) * c + j) * places + (row % places);
  const rows = Array.from({ length: n * places }, (_, row) => {
    const x = Array.from({ length: c }, (_, j) => input.values[place(row, j)]!);
    const greatest = Math.max(...x);
    const logSum = greatest + Math.log(sum(x.map((each) => Math.exp(each - greatest))));
    const shares = x.map(
      (_, j) => weightOf(j) * ((1 - smoothing) * target.values[place(row, j)]! + smoothing / c),
    );
    return { x, logSum, shares };
  });
  return {
    text: `crossEntropy(float32[${shape.join(', ')}], probabilities, ${JSON.stringify({ reduction, smoothing, weighted: weight !== undefined })})`,
    lossOf: ([x, t, w]) =>
      crossEntropy(x!, t!, { reduction, labelSmoothing: smoothing, ...(w ? { weight: w } : {}) }),
    operands: [input, target],
    constants: weight ? [weight] : [],
    shape: shape.length === 1 ? [] : [n, ...shape.slice(2)],
    reduction,
    losses: rows.map(({ x, logSum, shares }) => sum(shares.map((share, j) => share * (logSum - x[j]!)))),
    divisor: n * places,
    gradients: (scale) => {
      const [ofInput, ofTarget] = [input, target].map(({ values }) =>
        new Array<number>(values.length).fill(0),
      );
      rows.forEach(({ x, logSum, shares }, row) =>
        x.forEach((each, j) => {
          const at = place(row, j);
          ofInput![at] = scale[row]! * (sum(shares) * Math.exp(each - logSum) - shares[j]!);
          ofTarget![at] = scale[row]! * weightOf(j) * (1 - smoothing) * (logSum - each);
        }),
      );
      return [ofInput!, ofTarget!];
    },
  };
}

/** The shapes of losses that compare element by element. */
const elementShape = (draw: Draw): number[] =>
  draw.of([], [1], [7], [3, 5], [0, 4], [2, 3, 4], [65, 9], [5000]);

function squaredError(draw: Draw, reduction: Reduction): LossCase {
  const shape = elementShape(draw);
  const [a, b] = [reals(draw, shape, -3, 3), reals(draw, shape, -3, 3)];
  const errors = a.values.map((each, i) => each - b.values[i]!);
  return {
    text: `mseLoss(float32[${shape.join(', ')}], '${reduction}')`,
    lossOf: ([x, y]) => mseLoss(x!, y!, { reduction }),
    operands: [a, b],
    constants: [],
    shape,
    reduction,
    losses: errors.map((each) => each * each),
    divisor: errors.length,
    gradients: (scale) => [1, -1].map((sign) => errors.map((each, i) => sign * 2 * each * scale[i]!)),
  };
}

function binary(draw: Draw, reduction: Reduction): LossCase {
  const shape = elementShape(draw);
  const [input, target] = [reals(draw, shape, -9, 9), reals(draw, shape, 0, 1)];
  const factorShape = (): readonly number[] =>
    draw.of(
      shape,
      shape.slice(-1),
      [],
      shape.map((length, i) => (i === 0 ? length : 1)),
    );
  const weight = draw.of(true, false) ? reals(draw, factorShape(), 0, 2) : undefined;
  const posWeight = draw.of(true, false) ? reals(draw, factorShape(), 0, 3) : undefined;
  const [w, pw] = [weight, posWeight].map((factor) => stretched(factor, shape));
  const each = input.values.map((x, i) => ({ x, y: target.values[i]!, w: w![i]!, pw: pw![i]! }));
  return {
    text: `binaryCrossEntropyWithLogits(float32[${shape.join(', ')}], ${JSON.stringify({ reduction, weight: weight?.shape, posWeight: posWeight?.shape })})`,
    lossOf: ([x, y, ...factors]) => {
      const given = [...factors];
      return binaryCrossEntropyWithLogits(x!, y!, {
        reduction,
        ...(weight ? { weight: given.shift()! } : {}),
        ...(posWeight ? { posWeight: given.shift()! } : {}),
      });
    },
    operands: [input, target],
    constants: [weight, posWeight].filter((factor) => factor !== undefined),
    shape,
    reduction,
    losses: each.map(({ x, y, w, pw }) => w * (pw * y * softplus(-x) + (1 - y) * softplus(x))),
    divisor: each.length,
    gradients: (scale) => [
      each.map(({ x, y, w, pw }, i) => scale[i]! * w * ((1 - y) * sigmoid(x) - pw * y * sigmoid(-x))),
      each.map(({ x, w, pw }, i) => scale[i]! * w * (pw * softplus(-x) - softplus(x))),
    ],
  };
}

/** A factor broadcast to a shape; ones if there is none. */
function stretched(factor: Operand | undefined, shape: readonly number[]): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, element) => {
    let [rest, at, step] = [element, 0, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const index = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      const length = factor?.shape[axis - shape.length + factor.shape.length] ?? 1;
      if (length > 1) at += index * step;
      step *= length;
    }
    return factor ? factor.values[at]! : 1;
  });
}

/** An operand in memory: at the start of a buffer, in its middle, or with axes in another order. */
function toTensor({ values, shape, dtype }: Operand, device: Backend, layout: string): Tensor {
  const array = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
  const x = tensor(array, { shape, device });
  if (layout === 'reversed') {
    const order = shape.map((_, axis) => shape.length - 1 - axis);
    return x.permute(order).clone().permute(order);
  }
  if (layout === 'shifted' && shape.length > 0) {
    return x.pad([...new Array<number>(2 * shape.length - 2).fill(0), 3, 1]).slice([3, 3 + shape[0]!]);
  }
  return x;
}

/** How the loss of a number and its gradients differ from their definition on a device; undefined if they do not. */
export async function lossDifference(device: Backend, at: number): Promise<string | undefined> {
  const loss = drawLoss(at);
  const draw = new Draw(at + 2 ** 30);
  const layout = draw.of('plain', 'plain', 'shifted', 'reversed');
  const reduced = loss.reduction !== 'none';
  const outer = reals(draw, reduced ? [] : loss.shape, -2, 2);
  const found = scope(() => {
    const operands = loss.operands.map((each) => toTensor(each, device, layout));
    for (const each of operands) each.requiresGrad = true;
    const result = loss.lossOf([
      ...operands,
      ...loss.constants.map((each) => toTensor(each, device, layout)),
    ]);
    result.backward(toTensor(outer, device, 'plain'));
    return { result: result.detach(), gradients: operands.map((each) => each.grad!.clone()) };
  });
  const total = sum(loss.losses);
  const result = !reduced
    ? loss.losses
    : [loss.reduction === 'sum' ? total : loss.divisor === 0 ? NaN : total / loss.divisor];
  const scales = loss.losses.map((_, row) => {
    if (!reduced) return outer.values[row]!;
    if (loss.reduction === 'sum') return outer.values[0]!;
    return loss.divisor === 0 ? 0 : outer.values[0]! / loss.divisor;
  });
  const wanted = [result, ...loss.gradients(scales)];
  for (const [index, each] of [found.result, ...found.gradients].entries()) {
    const problem = compare(await each.data(), wanted[index]!);
    each.dispose();
    if (problem)
      return `seed ${seed}, loss ${at}: ${loss.text}, ${layout}: ${index === 0 ? 'loss' : `gradient ${index}`}: ${problem}`;
  }
  return undefined;
}

/** The first element beyond 10⁻⁵ of the greatest. */
function compare(got: ArrayLike<number>, wanted: readonly number[]): string | undefined {
  if (got.length !== wanted.length) return `${got.length} elements instead of ${wanted.length}`;
  const greatest = wanted.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const at = wanted.findIndex(
    (each, i) => !Object.is(got[i], each) && !(Math.abs(got[i]! - each) <= 1e-6 + 1e-5 * greatest),
  );
  return at < 0 ? undefined : `element ${at} is ${got[at]} instead of ${wanted[at]}`;
}
