import * as ops from '../../src/ops/index.ts';
import type { Tensor } from '../../src/index.ts';
import { condition, indices, narrow, type OperationCase, positive, side, square } from './layouts.ts';

type Row = readonly [
  name: string,
  inputs: (size: number) => Tensor[],
  run: (x: Tensor, y: Tensor) => Tensor,
  torch: string,
];

const vector = (size: number): Tensor[] => [positive(size)];
const pair = (size: number): Tensor[] => [positive(size), positive(size)];
const matrix = (size: number): Tensor[] => [square(size)];
const tests = (size: number): Tensor[] => [condition(size), condition(size)];

const rows: readonly Row[] = [
  ['all', (n) => [condition(n)], (x) => x.all(), 'x.all()'],
  ['any', (n) => [condition(n)], (x) => x.any(), 'x.any()'],
  ['argsort', vector, (x) => x.argsort(), 'x.argsort()'],
  ['at', matrix, (x) => x.at(3), 'x[3]'],
  ['bernoulli', vector, (x) => x.mul(0.5).bernoulli(), '(x * 0.5).bernoulli()'],
  ['bmm', (n) => [positive(n / 16, 4, 4), positive(n / 16, 4, 4)], (x, y) => x.bmm(y), 'x.bmm(y)'],
  ['ceil', vector, (x) => x.ceil(), 'x.ceil()'],
  ['chunk', matrix, (x) => x.chunk(2)[0]!, 'x.chunk(2)[0]'],
  ['cumprod', vector, (x) => x.cumprod(0), 'x.cumprod(0)'],
  ['cumsum', vector, (x) => x.cumsum(0), 'x.cumsum(0)'],
  ['diagonal', matrix, (x) => x.diagonal(), 'x.diagonal()'],
  ['floorDivide', pair, (x, y) => x.floorDivide(y), 'torch.div(x, y, rounding_mode="floor")'],
  [
    'interpolate',
    (n) => [positive(n / 1024, 4, 8, 8)],
    (x) => ops.interpolate(x, { scaleFactor: 2 }),
    'F.interpolate(x, scale_factor=2)',
  ],
  ['isfinite', vector, (x) => x.isfinite(), 'x.isfinite()'],
  ['isinf', vector, (x) => x.isinf(), 'x.isinf()'],
  ['isnan', vector, (x) => x.isnan(), 'x.isnan()'],
  ['log2', vector, (x) => x.log2(), 'x.log2()'],
  ['logicalAnd', tests, (x, y) => x.logicalAnd(y), 'x.logical_and(y)'],
  ['logicalNot', tests, (x) => x.logicalNot(), 'x.logical_not()'],
  ['logicalOr', tests, (x, y) => x.logicalOr(y), 'x.logical_or(y)'],
  ['logicalXor', tests, (x, y) => x.logicalXor(y), 'x.logical_xor(y)'],
  ['maskedFill', (n) => [positive(n), condition(n)], (x, y) => x.maskedFill(y, 0.5), 'x.masked_fill(y, 0.5)'],
  ['norm', vector, (x) => x.norm(), 'x.norm()'],
  ['oneHot', (n) => [indices(16, n / 16)], (x) => x.oneHot(16), 'F.one_hot(x, 16)'],
  [
    'indexPut',
    (n) => [positive(n), indices(n, n)],
    (x, i) => x.indexPut([i], 0),
    'x.index_put([y.long()], torch.tensor(0.0))',
  ],
  ['prod', vector, (x) => x.prod(), 'x.prod()'],
  ['remainder', pair, (x, y) => x.remainder(y), 'x.remainder(y)'],
  ['repeat', (n) => [narrow(n / 4)], (x) => x.repeat(2, 2), 'x.repeat(2, 2)'],
  [
    'repeatInterleave',
    (n) => [positive(n / 4)],
    (x) => x.repeatInterleave(4, 0),
    'x.repeat_interleave(4, 0)',
  ],
  ['roll', matrix, (x) => x.roll(3, 1), 'x.roll(3, 1)'],
  ['round', vector, (x) => x.round(), 'x.round()'],
  [
    'scatter',
    (n) => [square(n), indices(side(n), side(n), side(n))],
    (x, i) => x.scatter(1, i, 0),
    'x.scatter(1, y, 0.0)',
  ],
  [
    'scatterReduce',
    (n) => [positive(n), indices(n, n)],
    (x, i) => x.scatterReduce(0, i, x, 'amax'),
    "x.scatter_reduce(0, y, x, 'amax')",
  ],
  ['sort', vector, (x) => x.sort()[0], 'x.sort(stable=True)[0]'],
  ['split', matrix, (x) => x.split(7)[1]!, 'x.split(7)[1]'],
  ['tile', (n) => [narrow(n / 4)], (x) => x.tile(2, 2), 'x.tile(2, 2)'],
  ['topk', vector, (x) => x.topk(10)[0], 'x.topk(10)[0]'],
  ['tril', matrix, (x) => x.tril(), 'x.tril()'],
  ['triu', matrix, (x) => x.triu(), 'x.triu()'],
  ['trunc', vector, (x) => x.trunc(), 'x.trunc()'],
  ['unfold', matrix, (x) => x.unfold(1, 3, 2), 'x.unfold(1, 3, 2)'],
  ['unbind', matrix, (x) => x.unbind()[1]!, 'x.unbind()[1]'],
];

/** Operations that consist of others. */
export const composedCases: readonly OperationCase[] = rows.map(([name, inputs, run, torch]) => ({
  name,
  inputs,
  run: run,
  torch,
  random: name === 'bernoulli',
}));
