import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { convolutionCases, convolveOn, definition, farthest, operandsOf } from './convolution.ts';

const plain = { twins: 'plain', cpu: await open('cpu', { reference: true }), tolerance: 1e-7 };
// Float32 sums of up to 70 terms.
const simd = { twins: 'WebAssembly', cpu: await open('cpu'), tolerance: 1e-6 * Math.sqrt(70) };
const contests = convolutionCases.flatMap((each) => [plain, simd].map((device) => ({ ...device, each })));

describe.each(contests)('$each.name, $twins', ({ cpu, tolerance, each }) => {
  const operands = operandsOf(each);
  const expected = definition(each, operands);

  test('the twins compute what is defined', async () => {
    const found = await convolveOn(cpu, each, operands, { BIAS: true, RELU: false });
    expect(farthest(found.forward, expected.forward)).toBeLessThan(tolerance);
    expect(farthest(found.inputGradient, expected.inputGradient)).toBeLessThan(tolerance);
    expect(farthest(found.weightGradient, expected.weightGradient)).toBeLessThan(tolerance);
  });

  test('relu follows the sum, and the bias can be left out', async () => {
    const rectified = await convolveOn(cpu, each, operands, { BIAS: true, RELU: true });
    const positive = expected.forward.map((value) => Math.max(0, value));
    expect(farthest(rectified.forward, positive)).toBeLessThan(tolerance);
    const bare = await convolveOn(cpu, each, operands, { BIAS: false, RELU: false });
    const unbiased = definition(each, { ...operands, bias: operands.bias.fill(0) });
    expect(farthest(bare.forward, unbiased.forward)).toBeLessThan(tolerance);
  });
});
