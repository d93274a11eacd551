import { expect, test } from 'vitest';
import { conv2d, DTypeError, open, rand, setDefaultDevice, tensor, zeros } from '../../src/index.ts';

setDefaultDevice(await open('cpu'));

const image = zeros([2, 4, 5, 6]);
const filters = zeros([6, 4, 3, 3]);

test('channels that do not fit', () => {
  expect(() => conv2d(image, zeros([6, 3, 3, 3]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: conv2d: the channels do not fit
      takes  input [N, C, H, W] or [C, H, W], weight [M, C / groups, KH, KW], bias [M]
      got    input float32[2, 4, 5, 6], weight float32[6, 3, 3, 3]
      where  groups = 1]
  `);
  expect(() => conv2d(image, filters, undefined, { groups: 2 })).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: conv2d: the channels do not fit
      takes  input [N, C, H, W] or [C, H, W], weight [M, C / groups, KH, KW], bias [M]
      got    input float32[2, 4, 5, 6], weight float32[6, 4, 3, 3]
      where  groups = 2]
  `);
});

test('filters that are no multiple of groups', () => {
  expect(() => conv2d(image, zeros([5, 2, 3, 3]), undefined, { groups: 2 }))
    .toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: conv2d: the filters are not a multiple of groups
        takes  input [N, C, H, W] or [C, H, W], weight [M, C / groups, KH, KW], bias [M]
        got    input float32[2, 4, 5, 6], weight float32[5, 2, 3, 3]
        where  groups = 2]
    `);
});

test('a filter larger than the image', () => {
  expect(() => conv2d(zeros([4, 2, 6]), filters)).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: conv2d: the filter is larger than the image
      takes  input [N, C, H, W] or [C, H, W], weight [M, C / groups, KH, KW], bias [M]
      got    input float32[4, 2, 6], weight float32[6, 4, 3, 3]
      where  the padded image is [2, 6], the dilated filter [3, 3]]
  `);
  expect(() => conv2d(image, filters, undefined, { dilation: [1, 3] })).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: conv2d: the filter is larger than the image
      takes  input [N, C, H, W] or [C, H, W], weight [M, C / groups, KH, KW], bias [M]
      got    input float32[2, 4, 5, 6], weight float32[6, 4, 3, 3]
      where  the padded image is [5, 6], the dilated filter [3, 7]]
  `);
  expect(() => conv2d(image, zeros([6, 4, 3, 0]))).toThrow('conv2d: the filter is empty');
});

test('operands of the wrong rank, and a bias that does not fit', () => {
  expect(() => conv2d(zeros([5, 6]), filters)).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: conv2d: not images and filters
      takes  input [N, C, H, W] or [C, H, W], weight [M, C / groups, KH, KW], bias [M]
      got    input float32[5, 6], weight float32[6, 4, 3, 3]]
  `);
  expect(() => conv2d(image, zeros([6, 4, 3]))).toThrow('conv2d: not images and filters');
  expect(() => conv2d(image, filters, zeros([4]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: conv2d: the bias does not fit
      takes  input [N, C, H, W] or [C, H, W], weight [M, C / groups, KH, KW], bias [M]
      got    input float32[2, 4, 5, 6], weight float32[6, 4, 3, 3], bias float32[4]
      where  M = 6]
  `);
  expect(() => conv2d(image, filters, zeros([6, 1]))).toThrow('conv2d: the bias does not fit');
});

test('options that are none', () => {
  expect(() => conv2d(image, filters, undefined, { stride: 0 })).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: conv2d: invalid stride
      takes  an integer ≥ 1, or two of them [height, width]
      got    stride 0]
  `);
  expect(() => conv2d(image, filters, undefined, { padding: [1, -1] })).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: conv2d: invalid padding
      takes  an integer ≥ 0, or two of them [height, width], or 'same' or 'valid'
      got    padding [1,-1]]
  `);
  expect(() => conv2d(image, filters, undefined, { padding: 'same', stride: 2 }))
    .toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: conv2d: padding 'same' with a stride
      takes  stride 1 with padding 'same'
      got    stride [2, 2]]
  `);
  expect(() => conv2d(image, filters, undefined, { dilation: 1.5 })).toThrow('conv2d: invalid dilation');
  expect(() => conv2d(image, filters, undefined, { groups: 0 })).toThrow('conv2d: invalid groups');
});

test('dtypes', () => {
  expect(() => conv2d(image, filters.to('float64'))).toThrow(DTypeError);
  expect(() => conv2d(image.to('int32'), filters.to('int32'))).toThrow('conv2d: no int32');
});

test('is a method too', async () => {
  const x = tensor([[[[1, 2, 3]]]]);
  const w = tensor([[[[1, -1]]]]);
  expect(await x.conv2d(w, tensor([0.5])).toArray()).toEqual([[[[-0.5, -0.5]]]]);
});

test('needs no copy of views that lie row-major', () => {
  const device = image.device;
  const x = rand([3, 2, 5, 5]);
  const w = rand([5, 2, 3, 3]);
  const before = device.stats();
  conv2d(x.slice([1, 3]), w.slice([2, 5]), rand([6]).slice([3, 6]));
  const after = device.stats();
  // The random bias, and the convolution.
  expect(after.dispatches - before.dispatches).toBe(2);
});

test('a 1 × 1 filter is one matrix product', () => {
  const device = image.device;
  const w = zeros([6, 4, 1, 1]);
  const before = device.stats();
  conv2d(image, w);
  expect(device.stats().dispatches - before.dispatches).toBe(1);
});
