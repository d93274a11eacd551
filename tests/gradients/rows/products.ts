import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Rows } from '../cases.ts';
import { given, indices, integers, numbers, SPECIAL } from '../inputs.ts';
import { SPECIAL_VALUES } from './families.ts';

const affine = (x: Tensor, w: Tensor, b: Tensor): Tensor => ops.linear(x, w, b);
const affineRelu = (x: Tensor, w: Tensor, b?: Tensor): Tensor => ops.linear(x, w, b, { activation: 'relu' });

/** Matrix products, and what takes elements by index. */
export const products: Rows<'gather' | 'indexSelect' | 'linear' | 'matmul' | 'scatterAdd'> = {
  gather: {
    differentiable: true,
    cases: [
      { name: 'rows', inputs: [numbers(3, 5), integers(0, 3, 4, 5)], fn: (x, i) => x.gather(0, i), terms: 4 },
      {
        name: 'columns',
        inputs: [numbers(3, 5), integers(0, 5, 3, 7)],
        fn: (x, i) => x.gather(-1, i),
        terms: 7,
      },
      {
        name: 'smaller index',
        inputs: [numbers(3, 5), integers(0, 3, 2, 3)],
        fn: (x, i) => x.gather(0, i),
        terms: 2,
      },
      {
        name: 'middle of three',
        inputs: [numbers(2, 3, 4), integers(0, 3, 2, 2, 4)],
        fn: (x, i) => x.gather(1, i),
        terms: 2,
      },
      { name: 'scalar', inputs: [numbers(), indices([0], [])], fn: (x, i) => x.gather(0, i) },
      { name: 'no element', inputs: [numbers(3, 5), integers(0, 3, 0, 5)], fn: (x, i) => x.gather(0, i) },
      {
        name: 'strided',
        inputs: [numbers(5, 3), integers(0, 5, 4, 6)],
        fn: (x, i) => x.t().gather(1, i.t().slice([0, 6, 2])),
        terms: 4,
      },
      {
        name: 'index stretched',
        inputs: [numbers(3, 5), integers(0, 3, 4, 1)],
        fn: (x, i) => x.gather(0, i.expand([4, 5])),
        terms: 4,
      },
      {
        name: 'index that does not merge',
        inputs: [numbers(2, 2, 3, 2, 2), integers(0, 3, 2, 2, 4, 2, 2)],
        fn: (x, i) => x.gather(2, i.permute([1, 0, 2, 4, 3])),
        terms: 4,
      },
      {
        name: 'wider than a workgroup',
        inputs: [numbers(7, 300), integers(0, 7, 5, 300)],
        fn: (x, i) => x.gather(0, i),
        terms: 5,
      },
      {
        name: 'many entries for many places',
        inputs: [numbers(66, 2), integers(0, 66, 70, 2)],
        fn: (x, i) => x.gather(0, i),
        terms: 10,
      },
      { name: 'int32', inputs: [integers(-9, 10, 3, 5), integers(0, 3, 4, 5)], fn: (x, i) => x.gather(0, i) },
      {
        name: 'special values',
        inputs: [given(SPECIAL), indices([6, 5, 4, 3, 2, 1, 0])],
        fn: (x, i) => x.gather(0, i),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  indexSelect: {
    differentiable: true,
    cases: [
      {
        name: 'rows',
        inputs: [numbers(3, 5), indices([2, 0, 2, 1])],
        fn: (x, i) => x.indexSelect(0, i),
        terms: 2,
      },
      { name: 'columns', inputs: [numbers(3, 5), indices([4, 0])], fn: (x, i) => x.indexSelect(-1, i) },
      {
        name: 'middle of three, strided',
        inputs: [numbers(4, 3, 2), indices([2, 2, 0])],
        fn: (x, i) => x.permute([2, 1, 0]).indexSelect(1, i),
        terms: 2,
      },
      { name: 'no row', inputs: [numbers(3, 5), integers(0, 3, 0)], fn: (x, i) => x.indexSelect(0, i) },
      {
        name: 'long',
        inputs: [numbers(7, 3), integers(0, 7, 500)],
        fn: (x, i) => x.indexSelect(0, i),
        terms: 100,
      },
      {
        name: 'many entries for many places',
        inputs: [numbers(2, 66, 3), integers(0, 66, 150)],
        fn: (x, i) => x.indexSelect(1, i),
        terms: 20,
      },
    ],
  },
  linear: {
    differentiable: true,
    cases: [
      { name: 'with bias', inputs: [numbers(4, 3), numbers(2, 3), numbers(2)], fn: affine, terms: 4 },
      { name: 'without', inputs: [numbers(4, 3), numbers(2, 3)], fn: (x, w) => ops.linear(x, w), terms: 4 },
      { name: 'vector', inputs: [numbers(3), numbers(2, 3), numbers(2)], fn: affine, terms: 3 },
      { name: 'batches', inputs: [numbers(2, 3, 4), numbers(5, 4), numbers(5)], fn: affine, terms: 6 },
      { name: 'relu', inputs: [numbers(5, 3), numbers(4, 3), numbers(4)], fn: affineRelu, terms: 4 },
      { name: 'relu without bias', inputs: [numbers(5, 3), numbers(4, 3)], fn: affineRelu, terms: 4 },
      {
        name: 'relu, split along k',
        inputs: [numbers(3, 600), numbers(5, 600), numbers(5)],
        fn: affineRelu,
        terms: 600,
      },
      {
        name: 'relu of a view, many rows',
        inputs: [numbers(3, 700), numbers(5, 3), numbers(5)],
        fn: (x, w, b) => affineRelu(x.t(), w, b),
        terms: 700,
      },
      {
        name: 'bias as a view',
        inputs: [numbers(4, 3), numbers(2, 3), numbers(4)],
        fn: (x, w, b) => affineRelu(x, w, b.slice([0, 4, 2])),
        terms: 4,
      },
      { name: 'wide', inputs: [numbers(33, 65), numbers(19, 65), numbers(19)], fn: affine, terms: 65 },
    ],
  },
  matmul: {
    differentiable: true,
    cases: [
      { name: 'matrices', inputs: [numbers(3, 4), numbers(4, 5)], fn: ops.matmul, terms: 5 },
      { name: 'vectors', inputs: [numbers(4), numbers(4)], fn: ops.matmul, terms: 4 },
      { name: 'vector and matrix', inputs: [numbers(4), numbers(4, 3)], fn: ops.matmul, terms: 4 },
      { name: 'matrix and vector', inputs: [numbers(3, 4), numbers(4)], fn: ops.matmul, terms: 4 },
      { name: 'batches', inputs: [numbers(2, 3, 4), numbers(2, 4, 2)], fn: ops.matmul, terms: 4 },
      { name: 'batch and matrix', inputs: [numbers(2, 3, 4), numbers(4, 2)], fn: ops.matmul, terms: 6 },
      { name: 'matrix and batch', inputs: [numbers(3, 4), numbers(2, 4, 2)], fn: ops.matmul, terms: 6 },
      { name: 'batch and vector', inputs: [numbers(2, 3, 4), numbers(4)], fn: ops.matmul, terms: 6 },
      { name: 'vector and batch', inputs: [numbers(4), numbers(2, 4, 3)], fn: ops.matmul, terms: 6 },
      {
        name: 'batches that stretch',
        inputs: [numbers(2, 1, 2, 3), numbers(3, 3, 2)],
        fn: ops.matmul,
        terms: 9,
      },
      { name: 'one by one', inputs: [numbers(1, 1), numbers(1, 1)], fn: ops.matmul },
      { name: 'k = 0', inputs: [numbers(2, 0), numbers(0, 3)], fn: ops.matmul },
      { name: 'm = 0', inputs: [numbers(0, 4), numbers(4, 3)], fn: ops.matmul },
      { name: 'batch of none', inputs: [numbers(0, 2, 4), numbers(4, 3)], fn: ops.matmul },
      {
        name: 'transposed',
        inputs: [numbers(4, 3), numbers(5, 4)],
        fn: (a, b) => ops.matmul(a.t(), b.t()),
        terms: 5,
      },
      {
        name: 'flipped and sliced',
        inputs: [numbers(3, 8), numbers(4, 6)],
        fn: (a, b) => ops.matmul(a.slice(null, [0, 8, 2]), b.flip([0, 1]).slice(null, [0, 6, 3])),
        terms: 4,
      },
      {
        name: 'batch dims that do not merge',
        inputs: [numbers(2, 3, 2, 2), numbers(3, 2, 2, 2)],
        fn: (a, b) => ops.matmul(a, b.transpose(0, 1)),
        terms: 4,
      },
      { name: 'with itself', inputs: [numbers(4, 4)], fn: (a) => ops.matmul(a, a), terms: 8 },
      { name: 'odd tiles', inputs: [numbers(67, 35), numbers(35, 33)], fn: ops.matmul, terms: 67 },
      { name: 'long k, split', inputs: [numbers(3, 1037), numbers(1037, 5)], fn: ops.matmul, terms: 1037 },
      {
        name: 'long k in a batch, split',
        inputs: [numbers(2, 3, 700), numbers(2, 700, 5)],
        fn: ops.matmul,
        terms: 700,
      },
      {
        name: 'long k, transposed',
        inputs: [numbers(1037, 3), numbers(5, 1037)],
        fn: (a, b) => ops.matmul(a.t(), b.t()),
        terms: 1037,
      },
      {
        name: 'special values',
        inputs: [given(SPECIAL, [7, 1]), given(SPECIAL, [1, 7])],
        fn: ops.matmul,
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  scatterAdd: {
    differentiable: true,
    cases: [
      {
        name: 'rows',
        inputs: [numbers(4, 5), integers(0, 3, 4, 5)],
        fn: (x, i) => x.scatterAdd(0, i, 3),
        terms: 4,
      },
      {
        name: 'columns',
        inputs: [numbers(3, 7), integers(0, 5, 3, 7)],
        fn: (x, i) => x.scatterAdd(-1, i, 5),
        terms: 7,
      },
      {
        name: 'nothing to add',
        inputs: [numbers(0, 5), integers(0, 3, 0, 5)],
        fn: (x, i) => x.scatterAdd(0, i, 3),
      },
      { name: 'scalar', inputs: [numbers(), indices([0], [])], fn: (x, i) => x.scatterAdd(0, i, 1) },
      {
        name: 'strided',
        inputs: [numbers(5, 4), integers(0, 3, 5, 4)],
        fn: (x, i) => x.t().scatterAdd(0, i.t().flip(1), 3),
        terms: 4,
      },
      {
        name: 'long',
        inputs: [numbers(700, 3), integers(0, 4, 700, 3)],
        fn: (x, i) => x.scatterAdd(0, i, 4),
        terms: 700,
      },
    ],
  },
};
