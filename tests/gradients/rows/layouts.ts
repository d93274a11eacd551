import { tensor } from '../../../src/index.ts';
import * as ops from '../../../src/ops/index.ts';
import type { Rows } from '../cases.ts';
import { booleans, given, indices, integers, numbers, SPECIAL } from '../inputs.ts';
import { SPECIAL_VALUES } from './families.ts';

const DISCRETE = 'a conversion to whole numbers or to fewer bits is not smooth';

/** Operations that move elements, or only look at them in another way. */
export const layouts: Rows<
  | 'cat'
  | 'clone'
  | 'contiguous'
  | 'expand'
  | 'flatten'
  | 'flip'
  | 'pad'
  | 'permute'
  | 'reshape'
  | 'slice'
  | 'squeeze'
  | 'stack'
  | 't'
  | 'to'
  | 'transpose'
  | 'unsqueeze'
  | 'view'
> = {
  cat: {
    differentiable: true,
    cases: [
      { name: 'rows', inputs: [numbers(2, 3), numbers(1, 3), numbers(4, 3)], fn: (...all) => ops.cat(all) },
      { name: 'columns', inputs: [numbers(2, 3), numbers(2, 1)], fn: (...all) => ops.cat(all, -1) },
      { name: 'one alone', inputs: [numbers(2, 3)], fn: (x) => ops.cat([x], 1) },
      { name: 'one twice', inputs: [numbers(2, 3)], fn: (x) => ops.cat([x, x], 1) },
      { name: 'with nothing', inputs: [numbers(2, 0), numbers(2, 3)], fn: (...all) => ops.cat(all, 1) },
      {
        name: 'strided',
        inputs: [numbers(3, 5), numbers(6, 3)],
        fn: (a, b) => ops.cat([a.t(), b.slice([0, 6, 2]).flip(1)]),
      },
      {
        name: 'transposes',
        inputs: [numbers(6, 35), numbers(6, 33)],
        fn: (a, b) => ops.cat([a.t(), b.t()]),
      },
      {
        name: 'wider than a workgroup',
        inputs: [numbers(300, 2), numbers(7, 2)],
        fn: (...all) => ops.cat(all),
      },
      {
        name: 'rank 6, axes reversed',
        inputs: [numbers(2, 2, 2, 2, 3, 2), numbers(1, 2, 2, 2, 3, 2)],
        fn: (a, b) => ops.cat([a.permute([5, 4, 3, 2, 1, 0]), b.permute([5, 4, 3, 2, 1, 0])], 5),
      },
      {
        name: 'int32',
        inputs: [integers(-9, 10, 2, 3), integers(-9, 10, 2, 3)],
        fn: (...all) => ops.cat(all),
      },
      { name: 'bool', inputs: [booleans(2, 3), booleans(2, 3)], fn: (...all) => ops.cat(all) },
      {
        name: 'special values',
        inputs: [given(SPECIAL), given(SPECIAL)],
        fn: (...all) => ops.cat(all),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  clone: {
    differentiable: true,
    cases: [
      { name: 'odd sizes', inputs: [numbers(3, 5)], fn: ops.clone },
      { name: 'scalar', inputs: [numbers()], fn: ops.clone },
      { name: 'transposed', inputs: [numbers(3, 5)], fn: (x) => x.t().clone() },
      { name: 'no element', inputs: [numbers(0, 3)], fn: ops.clone },
      { name: 'rank 3, axes reversed', inputs: [numbers(2, 3, 4)], fn: (x) => x.permute([2, 1, 0]).clone() },
      {
        name: 'rank 4, axes reversed',
        inputs: [numbers(2, 3, 2, 4)],
        fn: (x) => x.permute([3, 2, 1, 0]).clone(),
      },
      {
        name: 'rank 7, axes reversed',
        inputs: [numbers(2, 2, 3, 2, 2, 2, 2)],
        fn: (x) => x.permute([6, 5, 4, 3, 2, 1, 0]).clone(),
      },
      { name: 'bool', inputs: [booleans(3, 5)], fn: (x) => x.t().clone() },
      {
        name: 'special values',
        inputs: [given(SPECIAL)],
        fn: (x) => x.flip(0).clone(),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  contiguous: {
    differentiable: true,
    cases: [
      { name: 'already', inputs: [numbers(3, 5)], fn: ops.contiguous },
      { name: 'transposed', inputs: [numbers(3, 5)], fn: (x) => x.t().contiguous() },
      { name: 'stretched', inputs: [numbers(3, 1)], fn: (x) => x.expand([2, 3, 4]).contiguous(), terms: 8 },
      {
        name: 'sliced and flipped',
        inputs: [numbers(5, 6)],
        fn: (x) => x.slice([1, null, 2], [0, 5]).flip([0, 1]).contiguous(),
      },
    ],
  },
  expand: {
    differentiable: true,
    cases: [
      { name: 'column', inputs: [numbers(3, 1)], fn: (x) => x.expand([3, 4]), terms: 4 },
      { name: 'new dims', inputs: [numbers(3, 1)], fn: (x) => x.expand([2, -1, 4]), terms: 8 },
      { name: 'scalar', inputs: [numbers()], fn: (x) => x.expand([2, 3]), terms: 6 },
      { name: 'to nothing', inputs: [numbers(3, 1)], fn: (x) => x.expand([3, 0]) },
      { name: 'as it is', inputs: [numbers(3, 5)], fn: (x) => x.expand([-1, -1]) },
      { name: 'transposed', inputs: [numbers(1, 3)], fn: (x) => x.t().expand([3, 5]), terms: 5 },
      { name: 'long', inputs: [numbers(1, 3)], fn: (x) => x.expand([5003, 3]), terms: 5003 },
    ],
  },
  flatten: {
    differentiable: true,
    cases: [
      { name: 'all', inputs: [numbers(2, 3, 4)], fn: (x) => x.flatten() },
      { name: 'from 1', inputs: [numbers(2, 3, 4)], fn: (x) => x.flatten(1) },
      { name: 'middle', inputs: [numbers(2, 1, 3, 2)], fn: (x) => x.flatten(1, -2) },
      { name: 'scalar', inputs: [numbers()], fn: (x) => x.flatten() },
      { name: 'transposed', inputs: [numbers(2, 3, 4)], fn: (x) => x.transpose(0, 2).flatten(1) },
      { name: 'no element', inputs: [numbers(2, 0, 3)], fn: (x) => x.flatten(1) },
    ],
  },
  flip: {
    differentiable: true,
    cases: [
      { name: 'one dim', inputs: [numbers(3, 5)], fn: (x) => x.flip(-1) },
      { name: 'both dims', inputs: [numbers(3, 5)], fn: (x) => x.flip([0, 1]) },
      { name: 'no dim', inputs: [numbers(3, 5)], fn: (x) => x.flip([]) },
      { name: 'no element', inputs: [numbers(0, 3)], fn: (x) => x.flip(0) },
      {
        name: 'a slice, reshaped',
        inputs: [numbers(4, 6)],
        fn: (x) => x.slice([1, 3], [null, null, 2]).flip([0, 1]).reshape([3, 2]),
      },
    ],
  },
  pad: {
    differentiable: true,
    cases: [
      { name: 'last dim', inputs: [numbers(3, 5)], fn: (x) => x.pad([1, 2]) },
      {
        name: 'both dims, with a value',
        inputs: [numbers(3, 5)],
        fn: (x) => x.pad([1, 0, 0, 2], { value: 1.5 }),
      },
      { name: 'negative amounts', inputs: [numbers(3, 5)], fn: (x) => x.pad([-1, 2, 1, -2]) },
      { name: 'no amount', inputs: [numbers(3, 5)], fn: (x) => x.pad([]) },
      { name: 'of nothing', inputs: [numbers(2, 0)], fn: (x) => x.pad([1, 2]) },
      {
        name: 'images, transposed',
        inputs: [numbers(2, 1, 3, 4)],
        fn: (x) => x.transpose(2, 3).pad([1, 1, 2, 2]),
      },
      { name: 'int32', inputs: [integers(-9, 10, 3, 5)], fn: (x) => x.pad([1, 1], { value: 7 }) },
      {
        name: 'with -Inf',
        inputs: [numbers(3, 2)],
        fn: (x) => x.pad([1, 1], { value: -Infinity }),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  permute: {
    differentiable: true,
    cases: [
      { name: 'three dims', inputs: [numbers(2, 3, 4)], fn: (x) => x.permute([2, 0, 1]) },
      { name: 'negative dims', inputs: [numbers(2, 3, 4)], fn: (x) => x.permute([-1, 0, -2]) },
      { name: 'scalar', inputs: [numbers()], fn: (x) => x.permute([]) },
      {
        name: 'twice',
        inputs: [numbers(2, 3, 2, 2)],
        fn: (x) => x.permute([3, 1, 0, 2]).permute([2, 3, 1, 0]),
      },
    ],
  },
  reshape: {
    differentiable: true,
    cases: [
      { name: 'view', inputs: [numbers(3, 4)], fn: (x) => x.reshape([2, 6]) },
      { name: 'with -1', inputs: [numbers(3, 4)], fn: (x) => x.reshape([2, -1, 3]) },
      { name: 'to a scalar', inputs: [numbers(1, 1)], fn: (x) => x.reshape([]) },
      { name: 'from a scalar', inputs: [numbers()], fn: (x) => x.reshape([1, 1]) },
      { name: 'no element', inputs: [numbers(0, 4)], fn: (x) => x.reshape([2, 0]) },
      { name: 'transposed, copied', inputs: [numbers(3, 4)], fn: (x) => x.t().reshape([3, 4]) },
      {
        name: 'transposed, split as a view',
        inputs: [numbers(4, 6)],
        fn: (x) => x.t().reshape([2, 3, 2, 1, 2]),
      },
      { name: 'stretched', inputs: [numbers(3, 1)], fn: (x) => x.expand([3, 4]).reshape([6, 2]), terms: 4 },
      {
        name: 'stretched twice',
        inputs: [numbers(1, 1, 3)],
        fn: (x) => x.expand([2, 4, 3]).reshape([8, 3]),
        terms: 8,
      },
    ],
  },
  slice: {
    differentiable: true,
    cases: [
      { name: 'rows', inputs: [numbers(5, 4)], fn: (x) => x.slice([1, 3]) },
      { name: 'steps', inputs: [numbers(5, 7)], fn: (x) => x.slice([null, null, 2], [1, null, 3]) },
      { name: 'negative ends', inputs: [numbers(5, 7)], fn: (x) => x.slice([-3, -1], [null, -2]) },
      { name: 'nothing', inputs: [numbers(5, 4)], fn: (x) => x.slice([3, 3]) },
      { name: 'past the end', inputs: [numbers(5, 4)], fn: (x) => x.slice([3, 99], [-99, 2]) },
      {
        name: 'of a slice of a transpose',
        inputs: [numbers(5, 6)],
        fn: (x) => x.t().slice([1, null, 2]).slice(null, [0, 4, 3]),
      },
      {
        name: 'wider than a workgroup',
        inputs: [numbers(4, 600)],
        fn: (x) => x.slice([1, null, 2], [3, null, 2]),
      },
    ],
  },
  squeeze: {
    differentiable: true,
    cases: [
      { name: 'all', inputs: [numbers(1, 3, 1)], fn: (x) => x.squeeze() },
      { name: 'one', inputs: [numbers(1, 3, 1)], fn: (x) => x.squeeze(-1) },
      { name: 'one that stays', inputs: [numbers(2, 3)], fn: (x) => x.squeeze(0) },
      { name: 'to a scalar', inputs: [numbers(1, 1)], fn: (x) => x.squeeze() },
    ],
  },
  stack: {
    differentiable: true,
    cases: [
      { name: 'in front', inputs: [numbers(2, 3), numbers(2, 3)], fn: (...all) => ops.stack(all) },
      { name: 'last', inputs: [numbers(2, 3), numbers(2, 3)], fn: (...all) => ops.stack(all, -1) },
      { name: 'scalars', inputs: [numbers(), numbers(), numbers()], fn: (...all) => ops.stack(all) },
      { name: 'transposed', inputs: [numbers(3, 2), numbers(2, 3)], fn: (a, b) => ops.stack([a.t(), b], 1) },
    ],
  },
  t: {
    differentiable: true,
    cases: [
      { name: 'matrix', inputs: [numbers(3, 5)], fn: ops.t },
      { name: 'vector', inputs: [numbers(3)], fn: ops.t },
      { name: 'scalar', inputs: [numbers()], fn: ops.t },
    ],
  },
  to: {
    differentiable: true,
    cases: [
      { name: 'the same dtype', inputs: [numbers(3, 5)], fn: (x) => x.to(x.dtype) },
      {
        name: 'float to int32',
        inputs: [given([-2.7, -1, -0.5, 0, 0.5, 1, 2.7, 16_777_217])],
        fn: (x) => x.to('int32'),
        notNumerically: DISCRETE,
      },
      {
        name: 'float to int32, saturated',
        inputs: [given([3e9, -3e9, Infinity, -Infinity])],
        fn: (x) => x.to('int32'),
        notNumerically: DISCRETE,
      },
      {
        name: 'bytes',
        inputs: [numbers(5, 7)],
        fn: (x) => {
          const bytes = Uint8Array.from({ length: 35 }, (_, at) => (37 * at) % 256);
          return tensor(bytes, { shape: [5, 7], device: x.device })
            .to(x.dtype)
            .mul(x);
        },
      },
      { name: 'float to bool', inputs: [given(SPECIAL)], fn: (x) => x.to('bool'), notNumerically: DISCRETE },
      {
        name: 'float to int32, transposed',
        inputs: [numbers(3, 5)],
        fn: (x) => x.t().to('int32'),
        notNumerically: DISCRETE,
      },
      { name: 'int32 to float32', inputs: [integers(-(2 ** 24), 2 ** 24, 3, 5)], fn: (x) => x.to('float32') },
      { name: 'int32 to bool', inputs: [indices([-1, 0, 1, 256])], fn: (x) => x.to('bool') },
      { name: 'bool to int32', inputs: [booleans(3, 5)], fn: (x) => x.to('int32') },
      { name: 'bool to float32', inputs: [booleans(3, 500)], fn: (x) => x.to('float32') },
      {
        name: 'through float32',
        inputs: [numbers(3, 5)],
        fn: (x) => x.to('float32'),
        notNumerically: DISCRETE,
      },
    ],
  },
  transpose: {
    differentiable: true,
    cases: [
      { name: 'matrix', inputs: [numbers(3, 5)], fn: (x) => x.transpose(0, 1) },
      { name: 'outer dims of three', inputs: [numbers(2, 3, 4)], fn: (x) => x.transpose(0, -1) },
      { name: 'a dim with itself', inputs: [numbers(2, 3)], fn: (x) => x.transpose(1, 1) },
    ],
  },
  view: {
    differentiable: true,
    cases: [
      { name: 'one size left open', inputs: [numbers(2, 3, 4)], fn: (x) => x.view([-1, 4]) },
      {
        name: 'a part of every second row',
        inputs: [numbers(6, 4)],
        fn: (x) => x.slice([1, 6, 2]).view([3, 2, 2]),
      },
      { name: 'no elements', inputs: [numbers(0, 4)], fn: (x) => x.view([2, 0]) },
    ],
  },
  unsqueeze: {
    differentiable: true,
    cases: [
      { name: 'in front', inputs: [numbers(2, 3)], fn: (x) => x.unsqueeze(0) },
      { name: 'last', inputs: [numbers(2, 3)], fn: (x) => x.unsqueeze(-1) },
      { name: 'scalar', inputs: [numbers()], fn: (x) => x.unsqueeze(0) },
      { name: 'transposed', inputs: [numbers(2, 3)], fn: (x) => x.t().unsqueeze(1) },
    ],
  },
};
