import type { TypedArray } from '../../dtypes.ts';
import type { Fields } from './jobs.ts';
import type { SimdModule } from './module.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Elements of a task, columns of one, and the cost of an element in multiplications of a product. */
const TASK = 8192;
const TASK_COLUMNS = 32;
const COST = 8;

export const layerNorm: SimdTwin<'layerNorm'> = (module, buffers, params, variant) => {
  const { x, weight, bias, out, stats } = buffers;
  const { rows, length, offset, weightOffset, biasOffset, eps } = params;
  const { WEIGHTED = true, BIASED = true } = variant;
  if (!fits(x, weight, bias, out, stats)) return false;
  const fields = {
    ...NONE,
    ...perColumn(module, WEIGHTED ? weight : undefined, weightOffset),
    bias: BIASED ? address(bias, biasOffset) : single(module, 0),
    biasStep: BIASED ? 4 : 0,
    x: address(x, offset),
    out: address(out),
    stats: address(stats),
    rows,
    length,
    eps,
  };
  byRows(module, 'layerNorm', fields);
  return true;
};

export const layerNormGradient: SimdTwin<'layerNormGradient'> = (module, buffers, params, variant) => {
  const { x, gradient, stats, weight, out } = buffers;
  const { rows, length, offset, gradientOffset, weightOffset } = params;
  if (!fits(x, gradient, stats, weight, out)) return false;
  const fields = {
    ...NONE,
    ...perColumn(module, (variant.WEIGHTED ?? true) ? weight : undefined, weightOffset),
    x: address(x, offset),
    gradient: address(gradient, gradientOffset),
    out: address(out),
    stats: address(stats),
    rows,
    length,
  };
  byRows(module, 'layerNormGradient', fields);
  return true;
};

export const layerNormSums: SimdTwin<'layerNormSums'> = (
  module,
  { x, gradient, stats, partials },
  params,
) => {
  const { rows, length, chunk, offset, gradientOffset } = params;
  if (!fits(x, gradient, stats, partials)) return false;
  const fields = {
    ...NONE,
    x: address(x, offset),
    gradient: address(gradient, gradientOffset),
    out: address(partials),
    stats: address(stats),
    rows,
    length,
    chunk,
    taskSize: TASK_COLUMNS,
  };
  const tasks = Math.ceil(rows / chunk) * Math.ceil(length / TASK_COLUMNS);
  module.run('layerNormSums', fields, { tasks, work: COST * rows * length });
  return true;
};

/** Fields that a job does not read. */
const NONE = { weight: 0, weightStep: 0, bias: 0, biasStep: 0, gradient: 0, eps: 0, chunk: 0, taskSize: 0 };

type Job = Fields['layerNorm'];

/** Weights, or 1 for all columns. */
export function perColumn(
  module: SimdModule,
  weight: TypedArray | undefined,
  offset: number,
): Pick<Job, 'weight' | 'weightStep'> {
  return weight
    ? { weight: address(weight, offset), weightStep: 4 }
    : { weight: single(module, 1), weightStep: 0 };
}

/** The address of a number in working memory. */
function single(module: SimdModule, value: number): number {
  const place = module.take(4);
  module.floats(place, 1)[0] = value;
  return place;
}

function byRows(module: SimdModule, job: 'layerNorm' | 'layerNormGradient', fields: Job): void {
  const { rows, length } = fields;
  const taskSize = Math.max(1, Math.floor(TASK / length));
  module.run(job, { ...fields, taskSize }, { tasks: Math.ceil(rows / taskSize), work: COST * rows * length });
}
