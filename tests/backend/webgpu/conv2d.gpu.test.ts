import { describe, expect, test } from 'vitest';
import { conv2d, open, rand } from '../../../src/index.ts';
import { webgpuOrSkip } from '../../adapter.ts';
import { convolutionCases, convolveOn, definition, farthest, operandsOf } from '../convolution.ts';
import { openWithoutSubgroups } from './devices.ts';

describe.each(convolutionCases)('$name', (each) => {
  for (const [kind, openOne] of [
    ['chosen for this device', webgpuOrSkip],
    ['for any device', openWithoutSubgroups],
  ] as const) {
    test(`the kernels ${kind} compute what is defined`, async (context) => {
      const device = await openOne(context);
      const operands = operandsOf(each);
      const expected = definition(each, operands);
      const found = await convolveOn(device, each, operands, { BIAS: true, RELU: false });
      expect(farthest(found.forward, expected.forward)).toBeLessThan(2e-6);
      expect(farthest(found.inputGradient, expected.inputGradient)).toBeLessThan(2e-6);
      expect(farthest(found.weightGradient, expected.weightGradient)).toBeLessThan(2e-6);
      const rectified = await convolveOn(device, each, operands, { BIAS: true, RELU: true });
      const positive = expected.forward.map((value) => Math.max(0, value));
      expect(farthest(rectified.forward, positive)).toBeLessThan(2e-6);
    });
  }
});

test('relu in the epilogue keeps NaN', async (context) => {
  const device = await webgpuOrSkip(context);
  const [each] = convolutionCases;
  const operands = operandsOf(each!);
  operands.bias[each!.params.biasOffset] = NaN;
  const { forward } = await convolveOn(device, each!, operands, { BIAS: true, RELU: true });
  expect(forward[0]).toBeNaN();
});

test('more than 65,535 workgroups fold into the second direction', async (context) => {
  const device = await webgpuOrSkip(context);
  const cpu = await open('cpu');
  const size = 1500;
  using image = rand([1, 1, size, size], { seed: 1, stream: 1, device });
  using filters = rand([1, 1, 1, 2], { seed: 1, stream: 2, device });
  using slopes = rand([1, 1, size, size - 1], { seed: 1, stream: 3, device });
  const [x, w, g] = [await image.toDevice(cpu), await filters.toDevice(cpu), await slopes.toDevice(cpu)];
  for (const each of [image, filters, x, w]) each.requiresGrad = true;
  using found = conv2d(image, filters);
  using expected = conv2d(x, w);
  found.backward(slopes);
  expected.backward(g);
  const pairs = [
    [found, expected],
    [image.grad!, x.grad!],
  ] as const;
  for (const [left, right] of pairs) {
    const [values, wanted] = [await left.data(), await right.data()];
    let worst = 0;
    for (let i = 0; i < wanted.length; i++) worst = Math.max(worst, Math.abs(values[i]! - wanted[i]!));
    expect(worst).toBeLessThan(1e-6);
  }
});
