import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { suitsWinograd } from '../../src/backend/cpu/simd/winograd.ts';
import {
  type ConvolutionCase,
  convolutionCases,
  convolveOn,
  definition,
  farthest,
  operandsOf,
} from './convolution.ts';

const plain = { twins: 'plain', cpu: await open('cpu', { reference: true }), tolerance: 1e-7 };
// Float32 sums of up to 70 terms.
const simd = { twins: 'WebAssembly', cpu: await open('cpu'), tolerance: 1e-6 * Math.sqrt(70) };
/** Its transforms amplify rounding errors: see kernels/wasm/winograd.ts. */
const winograd = { ...simd, twins: 'WebAssembly, Winograd', tolerance: 2 * simd.tolerance };
const contests = convolutionCases.flatMap((each) => {
  const { channels, outChannels } = each.params;
  const fast = suitsWinograd(each.filter, channels, outChannels) ? winograd : simd;
  return [plain, fast].map((device) => ({ ...device, each }));
});

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

test('the mean error of convolutions between 96 channels is below two millionths of their sums', async () => {
  const each: ConvolutionCase = {
    name: 'as in networks',
    params: {
      ...{
        batch: 1,
        groups: 1,
        channels: 96,
        outChannels: 64,
        height: 14,
        width: 14,
        outHeight: 14,
        outWidth: 14,
      },
      ...{ chunk: 14, inputOffset: 0, weightOffset: 0, biasOffset: 0, gradientOffset: 0, outOffset: 0 },
    },
    filter: {
      ...{ KERNEL_HEIGHT: 3, KERNEL_WIDTH: 3, STRIDE_Y: 1, STRIDE_X: 1 },
      ...{ PADDING_Y: 1, PADDING_X: 1, DILATION_Y: 1, DILATION_X: 1 },
    },
  };
  const operands = operandsOf(each);
  const expected = definition(each, operands);
  const found = await convolveOn(simd.cpu, each, operands, { BIAS: true, RELU: false });
  for (const pass of ['forward', 'inputGradient', 'weightGradient'] as const) {
    const errors = expected[pass].map((value, at) => found[pass][at]! - value);
    const size = (values: readonly number[]): number => Math.hypot(...values);
    expect(size(errors) / size(expected[pass]), pass).toBeLessThan(2e-6);
  }
});
