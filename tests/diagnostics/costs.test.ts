import { describe, expect, it } from 'vitest';
import type { DeviceBuffer, KernelName } from '../../src/backend/backend.ts';
import type { DType } from '../../src/backend/dtypes.ts';
import { costOf, launchFacts, variantText } from '../../src/diagnostics/costs/launchFacts.ts';
import { readSignature } from '../../src/pipeline/diagnostics/kernels/inspection.ts';
import { Live } from '../../src/backend/recorder.ts';
import { codes } from '../../src/backend/signatures.ts';
import { kernelNames, kernelSource } from '../../src/platform/node/kernels.ts';
import { everyLaunch, type SeenLaunch } from '../pipeline/diagnostics/everyLaunch.ts';

const signatures = new Map(kernelNames().map((name) => [name, readSignature(name, kernelSource(name))]));

/** What a launch is said to cost and cannot. */
function complaints(launch: SeenLaunch): string[] {
  const { kernel, buffers } = launch;
  const { shape, flops, elements } = costOf(launch);
  const moved = new Map(Object.entries(elements));
  const found: string[] = [];
  const check = (right: boolean, what: string): void => {
    if (!right) found.push(`${kernel} ${shape}: ${what}`);
  };
  check(Number.isSafeInteger(flops) && flops >= 0, `flops ${flops}`);
  for (const { name, access } of signatures.get(kernel)!.buffers) {
    const count = moved.get(name)!;
    // What is written may be read as well.
    const most = buffers[name]!.length * (access === 'write' ? 2 : 1);
    check(Number.isSafeInteger(count) && count >= 0 && count <= most, `${name} ${count} of ${most}`);
  }
  const written = signatures.get(kernel)!.buffers.filter(({ access }) => access === 'write');
  check(
    written.some(({ name }) => moved.get(name)! > 0),
    'nothing is written',
  );
  return found;
}

function buffer(dtype: DType, length: number): DeviceBuffer {
  return { dtype, length };
}

describe('what launches cost', () => {
  it('is never more than their buffers hold, nor a part of an element', async () => {
    const seen = new Set<KernelName>();
    const found = new Set<string>();
    await everyLaunch((launch) => {
      seen.add(launch.kernel);
      for (const complaint of complaints(launch)) found.add(complaint);
    });
    expect([...found]).toEqual([]);
    expect(seen.size).toBeGreaterThan(30);
  });

  it('counts two operations for each term of a product, and each operand once', () => {
    const params = { m: 2, n: 3, k: 5, batch: 4, chunk: 3, aBatchStride: 0, aRowStride: 5, aColumnStride: 1 };
    const rest = { bBatchStride: 15, bRowStride: 3, bColumnStride: 1 };
    const cost = costOf({
      kernel: 'matmul',
      buffers: {},
      params: { ...params, ...rest },
      variant: { RELU: true },
    });
    // The batch shares one a; k = 5 in chunks of 3 makes two parts.
    expect(cost).toEqual({
      shape: '4×2×3×5',
      flops: 2 * 120 + 24,
      elements: { a: 10, b: 60, bias: 0, out: 48 },
    });
  });

  it('counts the windows of a convolution', () => {
    const params = {
      batch: 2,
      groups: 2,
      channels: 3,
      outChannels: 4,
      height: 8,
      width: 6,
      outHeight: 4,
      outWidth: 3,
    };
    const variant = { KERNEL_HEIGHT: 3, KERNEL_WIDTH: 1 };
    const cost = costOf({ kernel: 'conv2d', buffers: {}, params, variant: { ...variant, BIAS: true } });
    expect(cost).toEqual({
      shape: '2×6×8×6→8, 3×1',
      flops: 2 * (2 * 8 * 12) * (3 * 3) + 2 * 8 * 12,
      // Windows of stride 2 meet 36 of an image's 48 pixels at most.
      elements: { input: 2 * 6 * 36, weight: 8 * 9, bias: 8, out: 2 * 8 * 12 },
    });
    const sums = costOf({
      kernel: 'conv2dWeightGradient',
      buffers: {},
      params: { ...params, chunk: 5 },
      variant,
    });
    expect(sums.elements).toEqual({ gradient: 2 * 8 * 12, input: 2 * 6 * 36, out: 2 * 8 * 9 });
  });

  it('becomes bytes by the dtypes of the buffers, with the present values of live parameters', () => {
    const facts = launchFacts({
      kernel: 'gatherImages',
      buffers: {
        images: buffer('uint8', 1000),
        rows: buffer('int32', 50),
        labels: buffer('int32', 50),
        out: buffer('float32', 64),
        batchLabels: buffer('int32', 2),
      },
      params: { size: 40, pixels: 20, start: new Live(7), center: 0, scale: 1 },
      variant: {},
      settings: { WORKGROUP: 256 },
    });
    const bytes = 40 + 4 * (2 + 2 + 40 + 2);
    expect(facts).toEqual({ kernel: 'gatherImages', variant: '', shape: '2×20', flops: 80, bytes });
  });

  it('has a default for a kernel without an entry: no arithmetic, and every buffer moves once', () => {
    const kernel = 'copy';
    const broadcast = { shape: [1, 1, 3, 4], xStrides: [0, 0, 0, 1], outStrides: [0, 0, 4, 1] };
    const buffers = { x: buffer('float32', 100), out: buffer('float32', 100) };
    const params = { size: 12, xOffset: 8, outOffset: 0, ...broadcast };
    expect(costOf({ kernel, buffers, params, variant: {} })).toEqual({
      shape: '3×4',
      flops: 0,
      elements: { x: 4, out: 12 },
    });
    expect(costOf({ kernel, buffers, params: { outputs: 3 }, variant: {} })).toEqual({
      shape: '100',
      flops: 0,
      elements: { x: 100, out: 100 },
    });
  });

  it('names operations, what is switched on, and tiles', () => {
    const choice = { OPERATION: codes.unary.GELU_TANH, RANK: 2, WORKGROUP: 256 };
    expect(variantText('unary', choice)).toBe('GELU_TANH');
    const tiled = { BIAS: true, RELU: false, TILE_ROWS: 32, WORKGROUP_SIZE: 8 };
    expect(variantText('matmul', tiled)).toBe('BIAS TILE_ROWS=32');
  });
});
