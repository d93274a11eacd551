import type { Params } from '../../backend.ts';
import type { TypedArray } from '../../dtypes.ts';
import { codes, type Vec4 } from '../../signatures.ts';
import { widened } from './elementwise.ts';
import { inHeap } from './heap.ts';
import type { SimdModule } from './module.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** The most queries of a task, and the most scores that it holds: 1 MiB. */
const MOST_ROWS = 96;
const MOST_SCORES = 2 ** 18;
/** The cost of one exponential in multiplications of a product. */
const COST = 12;

export const attention: SimdTwin<'attention'> = (
  module,
  { q, k, v, mask, out, stats },
  params,
  { FORM = 0 },
) => {
  const { batch, queries, keys, width, valueWidth } = params;
  if (!fits(q, k, v, out, stats) || !inHeap(mask) || params.outStrides[3] !== 1) return false;
  const flag = takeFlag(module);
  const fields = {
    ...operands(module, { q, k, v, mask, stats }, params, FORM, flag),
    ...NONE,
    out: address(out),
  };
  const tasks = batch * Math.ceil(queries / fields.taskRows);
  const work = batch * queries * keys * (width + valueWidth + COST);
  const scratch = module.exports.attentionScratch(fields.taskRows, keys, 1);
  module.run('attention', fields, { tasks, work, scratch });
  return module.words(flag, 1)[0] === 0;
};

export const attentionGradient: SimdTwin<'attentionGradient'> = (module, buffers, params, { FORM = 0 }) => {
  const { q, k, v, mask, out, stats, gradient, gradients } = buffers;
  const { queryBatch, keyBatch, queries, keys, width, valueWidth } = params;
  const { outStrides, gradientStrides, dqStrides, dkStrides, dvStrides } = params;
  if (!fits(q, k, v, out, stats, gradient, gradients) || !inHeap(mask) || outStrides[3] !== 1) return false;
  const batch = Math.max(queryBatch, keyBatch);
  const flag = takeFlag(module);
  const fields = {
    ...operands(module, buffers, params, FORM, flag),
    out: address(out),
    gradient: address(gradient, params.gradientOffset),
    ...steps('gradient', gradientStrides),
    dq: address(gradients),
    ...rows('dq', dqStrides),
    dk: address(gradients, params.dkOffset),
    ...rows('dk', dkStrides),
    dv: address(gradients, params.dvOffset),
    ...rows('dv', dvStrides),
  };
  const work = batch * queries * keys * (3 * width + 2 * valueWidth + COST);
  const scratch = module.exports.attentionScratch(fields.taskRows, keys, 2);
  module.run('attentionGradient', fields, { tasks: batch, work, scratch });
  return module.words(flag, 1)[0] === 0;
};

/** Fields that the forward pass does not read. */
const NONE = {
  gradient: 0,
  ...steps('gradient', [0, 0, 0, 0]),
  dq: 0,
  ...rows('dq', [0, 0, 0, 0]),
  dk: 0,
  ...rows('dk', [0, 0, 0, 0]),
  dv: 0,
  ...rows('dv', [0, 0, 0, 0]),
};

/** What both jobs read. */
function operands(
  module: SimdModule,
  { q, k, v, mask, stats }: Record<'q' | 'k' | 'v' | 'mask' | 'stats', TypedArray>,
  params: Params<'attention'> | Params<'attentionGradient'>,
  form: number,
  flag: number,
) {
  const { inner, queries, keys, width, valueWidth, scale } = params;
  return {
    q: address(q, params.qOffset),
    ...steps('q', params.qStrides),
    k: address(k, params.kOffset),
    ...steps('k', params.kStrides),
    v: address(v, params.vOffset),
    ...steps('v', params.vStrides),
    mask: address(form === codes.attention.CHOSEN ? widened(module, mask) : mask, params.maskOffset),
    ...steps('mask', params.maskStrides),
    ...rows('out', params.outStrides),
    stats: address(stats),
    ...{ inner, queries, keys, width, valueWidth, scale, form, flag },
    taskRows: Math.max(1, Math.min(queries, MOST_ROWS, Math.floor(MOST_SCORES / keys))),
  };
}

function rows<Name extends string>(name: Name, [outer, inner, row]: Vec4) {
  return { [`${name}Outer`]: outer, [`${name}Inner`]: inner, [`${name}Row`]: row } as Record<
    `${Name}${'Outer' | 'Inner' | 'Row'}`,
    number
  >;
}

function steps<Name extends string>(name: Name, strides: Vec4) {
  const column = { [`${name}Column`]: strides[3] } as Record<`${Name}Column`, number>;
  return { ...rows(name, strides), ...column };
}

/** A word that a task sets where a result is not finite: the plain twin then reads no later keys. */
function takeFlag(module: SimdModule): number {
  const flag = module.take(4);
  module.words(flag, 1)[0] = 0;
  return flag;
}
