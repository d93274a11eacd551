import { codes } from '../../signatures.ts';
import { inHeap } from './heap.ts';
import type { Fields } from './jobs.ts';
import type { SimdModule } from './module.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Elements of a task, and the cost of one in multiplications of a product. */
const TASK = 16_384;
const COST = 10;
const SCRATCH = 128;
/** Beside the forms of kernels/random.wgsl. */
const DROPOUT = 2;

export const dropout: SimdTwin<'dropout'> = (module, { x, out }, params) => {
  if (!fits(x, out)) return false;
  const { offset, threshold, scale, ...origin } = params;
  const fields = {
    x: address(x, offset),
    out: address(out),
    first: threshold,
    range: 0,
    scale,
    form: DROPOUT,
  };
  return draw(module, { ...origin, ...fields });
};

export const random: SimdTwin<'random'> = (module, { out }, params, { FORM = codes.random.UNIFORM }) => {
  if (out.BYTES_PER_ELEMENT !== 4 || !inHeap(out)) return false;
  const { center, low, ...rest } = params;
  const first = FORM === codes.random.INTEGERS ? low : center;
  return draw(module, { ...rest, x: 0, out: address(out), first, form: FORM });
};

function draw(module: SimdModule, job: Omit<Fields['random'], 'taskSize'>): true {
  const plan = { tasks: Math.ceil(job.size / TASK), work: COST * job.size, scratch: SCRATCH };
  module.run('random', { ...job, taskSize: TASK }, plan);
  return true;
}
