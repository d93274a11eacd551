import { describe, expect, test } from 'vitest';
import { conv2d, open, rand } from '../../../src/index.ts';
import { subgroupTile } from '../../../src/backend/webgpu/tuning/builtIn.ts';
import { memoryOfBlock, SMALL_BLOCK } from '../../../src/backend/webgpu/tuning/blocks.ts';
import { kernelsOf, traitsOf } from '../../../src/backend/webgpu/tuning/choice.ts';
import { shapeClass } from '../../../src/backend/webgpu/tuning/shapeClass.ts';
import { webgpuOrSkip } from '../../adapter.ts';
import {
  convolutionCases,
  convolveOn,
  definition,
  farthest,
  operandsOf,
  roundingBounds,
} from '../convolution.ts';
import { openOwn, openWithoutSubgroups } from './devices.ts';
import { profileRequests } from '../../../src/diagnostics/profiling/profile.ts';

describe.each(convolutionCases)('$name', (each) => {
  for (const [kind, openOne] of [
    ['chosen for this device', webgpuOrSkip],
    ['for any device', openWithoutSubgroups],
  ] as const) {
    test(`the kernels ${kind} compute what is defined`, async (context) => {
      const device = await openOne(context);
      const operands = operandsOf(each);
      const expected = definition(each, operands);
      const bounds = roundingBounds(each);
      const found = await convolveOn(device, each, operands, { BIAS: true, RELU: false });
      expect(farthest(found.forward, expected.forward)).toBeLessThanOrEqual(bounds.forward);
      expect(farthest(found.inputGradient, expected.inputGradient)).toBeLessThanOrEqual(bounds.inputGradient);
      expect(farthest(found.weightGradient, expected.weightGradient)).toBeLessThanOrEqual(
        bounds.weightGradient,
      );
      const rectified = await convolveOn(device, each, operands, { BIAS: true, RELU: true });
      const positive = expected.forward.map((value) => Math.max(0, value));
      expect(farthest(rectified.forward, positive)).toBeLessThanOrEqual(bounds.forward);
    });
  }
});

describe('relu in the epilogue keeps what is not finite', () => {
  test.for(kernelsOf.conv2d)('%s', { timeout: 60_000 }, async (kernel, context) => {
    const { backend } = await openOwn(context);
    const { subgroup, memory } = traitsOf(backend.info);
    const block = SMALL_BLOCK;
    const shared = subgroupTile(subgroup);
    const tiles = {
      conv2d: {},
      conv2dFewTerms: subgroup >= 8 ? {} : undefined,
      conv2dSubgroup: shared,
      conv2dWorkgroup: memoryOfBlock(block) <= memory ? { ...block } : undefined,
    };
    const tile = tiles[kernel];
    if (!tile) return context.skip('not on this device');
    const each = convolutionCases.find(({ name }) => name === 'one channel, more filters than a tile')!;
    const { params, filter } = each;
    backend.tuning.set(shapeClass('conv2d', params, filter), { kernel, tile });
    const operands = operandsOf(each);
    [NaN, Infinity, -Infinity].forEach((value, index) => {
      operands.input[params.inputOffset + 20 * index] = value;
      operands.bias[params.biasOffset + index] = value;
    });
    const profile = profileRequests(backend);
    const { forward } = await convolveOn(backend, each, operands, { BIAS: true, RELU: true });
    const { launches } = await profile.stop();
    expect(launches[0]!.request.kernel).toBe(kernel);
    const positive = definition(each, operands).forward.map((value) => Math.max(0, value));
    expect(new Set(positive.filter((value) => !Number.isFinite(value)))).toEqual(new Set([NaN, Infinity]));
    expect(farthest(forward, positive)).toBeLessThanOrEqual(roundingBounds(each).forward);
  });
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
