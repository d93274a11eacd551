import type { Params, Variant } from '../../backend.ts';
import type { TypedArray } from '../../dtypes.ts';
import { writeTotal } from '../crossEntropy.ts';
import { checked } from './gather.ts';
import type { Fields } from './jobs.ts';
import { perColumn } from './layerNorm.ts';
import type { Plan, SimdModule } from './module.ts';
import { address, areWords, fits, type SimdTwin } from './simdTwin.ts';

/** Elements of a task, and the cost of one exponential in multiplications of a product. */
const TASK = 8192;
const COST = 12;

export const crossEntropy: SimdTwin<'crossEntropy'> = (module, buffers, params, variant) => {
  const { x, labels, weight, losses, rowwise } = buffers;
  const { WEIGHTED = false, TOTAL = false, MEAN = false } = variant;
  if (!fits(x, losses, rowwise, ...(WEIGHTED ? [weight] : [])) || !areWords(labels)) return false;
  const { rows } = params;
  const found = TOTAL ? module.floats(module.take(8 * rows), 2 * rows) : losses;
  const { fields, plan } = jobOf(module, buffers, params, variant);
  const job = { ...fields, losses: address(found), gradient: 0, gradientStep: 0, divisor: 1, out: 0 };
  if (!checked(module, (wrong) => module.run('crossEntropy', { ...job, wrong }, plan))) return false;
  if (TOTAL) sumLosses(module, found, losses, rows, MEAN);
  return true;
};

export const crossEntropyGradient: SimdTwin<'crossEntropyGradient'> = (module, buffers, params, variant) => {
  const { x, labels, weight, rowwise, gradient, divisor, out } = buffers;
  const { gradientOffset, gradientStride, divisorOffset } = params;
  const { WEIGHTED = false, MEAN = false } = variant;
  if (!fits(x, rowwise, gradient, out, ...(WEIGHTED ? [weight] : [])) || !areWords(labels)) return false;
  const { fields, plan } = jobOf(module, buffers, params, variant);
  const job = {
    ...fields,
    losses: 0,
    gradient: address(gradient, gradientOffset),
    gradientStep: 4 * gradientStride,
    divisor: MEAN ? divisor[divisorOffset]! : 1,
    out: address(out),
    wrong: 0,
  };
  module.run('crossEntropyGradient', job, plan);
  return true;
};

export const lossTotal: SimdTwin<'lossTotal'> = (module, { losses, total }, { rows }, { MEAN = true }) => {
  if (!fits(losses)) return false;
  sumLosses(module, losses, total, rows, MEAN);
  return true;
};

function sumLosses(
  { exports }: SimdModule,
  losses: TypedArray,
  total: TypedArray,
  rows: number,
  mean: boolean,
): void {
  const [sum, weight] = [0, rows].map((first) => exports.sumRun(address(losses, first), rows));
  writeTotal(total, sum!, weight!, mean);
}

type Shared = 'rows' | 'classes' | 'inner' | 'ignoreIndex' | 'smoothing' | 'weights' | 'taskRows' | 'logs';
type Places = 'x' | 'labels' | 'labelStep' | 'weight' | 'weightStep' | 'rowwise';

/** What both jobs take. */
function jobOf(
  module: SimdModule,
  { x, labels, weight, rowwise }: Record<'x' | 'labels' | 'weight' | 'rowwise', TypedArray>,
  params: Params<'crossEntropy'>,
  { WEIGHTED = false, SMOOTHED = false, LOGS = false }: Variant<'crossEntropy'>,
): { fields: Pick<Fields['crossEntropy'], Shared | Places>; plan: Plan } {
  const { rows, classes, inner, offset, labelOffset, labelStride, weightOffset, ignoreIndex } = params;
  let weights = classes;
  if (WEIGHTED && SMOOTHED) {
    weights = 0;
    for (let j = 0; j < classes; j++) weights += weight[weightOffset + j]!;
  }
  // Whole vectors of rows.
  const taskRows = 4 * Math.ceil(TASK / classes / 4);
  const fields = {
    ...perColumn(module, WEIGHTED ? weight : undefined, weightOffset),
    weights,
    x: address(x, offset),
    labels: address(labels, labelOffset),
    labelStep: 4 * labelStride,
    rowwise: address(rowwise),
    rows,
    classes,
    inner,
    ignoreIndex,
    smoothing: SMOOTHED ? params.smoothing : 0,
    taskRows,
    logs: Number(LOGS),
  };
  return { fields, plan: { tasks: Math.ceil(rows / taskRows), work: COST * rows * classes } };
}
