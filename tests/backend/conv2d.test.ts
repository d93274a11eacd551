import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { convolutionCases, convolveOn, definition, farthest, operandsOf } from './convolution.ts';

const cpu = await open('cpu');

describe.each(convolutionCases)('$name', (each) => {
  const operands = operandsOf(each);
  const expected = definition(each, operands);

  test('the twins compute what is defined', async () => {
    const found = await convolveOn(cpu, each, operands, { BIAS: true, RELU: false });
    expect(farthest(found.forward, expected.forward)).toBeLessThan(1e-7);
    expect(farthest(found.inputGradient, expected.inputGradient)).toBeLessThan(1e-7);
    expect(farthest(found.weightGradient, expected.weightGradient)).toBeLessThan(1e-7);
  });

  test('relu follows the sum, and the bias can be left out', async () => {
    const rectified = await convolveOn(cpu, each, operands, { BIAS: true, RELU: true });
    const positive = expected.forward.map((value) => Math.max(0, value));
    expect(farthest(rectified.forward, positive)).toBeLessThan(1e-7);
    const bare = await convolveOn(cpu, each, operands, { BIAS: false, RELU: false });
    const unbiased = definition(each, { ...operands, bias: operands.bias.fill(0) });
    expect(farthest(bare.forward, unbiased.forward)).toBeLessThan(1e-7);
  });
});
