import { expect, test } from 'vitest';
import { nn, open, type Tensor, tensor, zeros } from '../../src/index.ts';

const cpu = await open('cpu');
const x = zeros([2, 3, 5, 7], { device: cpu });

function message(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return String(error);
  }
  return 'no error';
}

test('modules take PyTorch’s arguments', () => {
  const shape = (module: nn.Module): readonly number[] => module.forward(x).shape;
  expect(shape(new nn.MaxPool2d(2))).toEqual([2, 3, 2, 3]);
  expect(shape(new nn.MaxPool2d([3, 2], { stride: 1, padding: [1, 0], dilation: [1, 2] }))).toEqual([
    2, 3, 5, 5,
  ]);
  expect(shape(new nn.AvgPool2d(2, { ceilMode: true }))).toEqual([2, 3, 3, 4]);
  expect(shape(new nn.AdaptiveAvgPool2d([null, 2]))).toEqual([2, 3, 5, 2]);
  expect(shape(new nn.AdaptiveAvgPool2d(1))).toEqual([2, 3, 1, 1]);
});

test('a gradient goes to the first of equals and to the last NaN', async () => {
  const gradient = async (values: number[]): Promise<number[]> => {
    const image = tensor(values, { device: cpu }).reshape([1, 2, 2]).detach();
    image.requiresGrad = true;
    image.maxPool2d({ kernelSize: 2 }).sum().backward();
    return Array.from(await image.grad!.data());
  };
  expect(await gradient([1, 2, 2, 2])).toEqual([0, 1, 0, 0]);
  expect(await gradient([-Infinity, -Infinity, -Infinity, -Infinity])).toEqual([1, 0, 0, 0]);
  expect(await gradient([NaN, 3, NaN, 5])).toEqual([0, 0, 1, 0]);
});

test.each<[string, (x: Tensor) => unknown]>([
  ['padding of more than half the window', (each) => each.maxPool2d({ kernelSize: 3, padding: 2 })],
  ['a window larger than the image', (each) => each.avgPool2d({ kernelSize: [2, 9], padding: [0, 0] })],
  ['a dilated window larger than the image', (each) => each.maxPool2d({ kernelSize: 3, dilation: 3 })],
  ['a stride of 0', (each) => each.maxPool2d({ kernelSize: 2, stride: 0 })],
  ['a window that is not whole', (each) => each.avgPool2d({ kernelSize: [2.5, 2] })],
  ['a divisor of 0', (each) => each.avgPool2d({ kernelSize: 2, divisorOverride: 0 })],
  ['a matrix', (each) => each.slice([0, 1], [0, 1]).squeeze().maxPool2d({ kernelSize: 1 })],
  ['no channel', () => zeros([2, 0, 4, 4], { device: cpu }).maxPool2d({ kernelSize: 2 })],
  ['int32', () => zeros([1, 4, 4], { dtype: 'int32', device: cpu }).maxPool2d({ kernelSize: 2 })],
  [
    'a window that contains only padding',
    () =>
      zeros([1, 1, 1], { device: cpu }).maxPool2d({ kernelSize: 2, padding: 1, dilation: 3, ceilMode: true }),
  ],
  ['a negative size', (each) => each.adaptiveAvgPool2d(-1)],
  ['no height', () => zeros([2, 3, 0, 4], { device: cpu }).adaptiveAvgPool2d(2)],
])('%s is refused, with what would fit', (_, body) => {
  expect(message(() => body(x))).toMatchSnapshot();
});
