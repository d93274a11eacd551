import { expect, test } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import { open } from '../../../src/index.ts';
import { webgpuOrSkip } from '../../adapter.ts';
import { openAsGpu, upload } from './devices.ts';

/** Rows, columns and rows of a chunk: around the columns and lanes of a workgroup, and far beyond them. */
const sizes = [
  [1, 1, 1],
  [15, 17, 15],
  [33, 64, 33],
  [128, 65, 128],
  [100, 130, 48],
] as const;

async function resultsOn(
  device: Backend,
  [rows, columns, chunk]: (typeof sizes)[number],
): Promise<[number[], number[]]> {
  const values = (seed: number): number[] =>
    Array.from({ length: rows * columns }, (_, at) => (((at + seed) * 37) % 23) / 8 - 1);
  const [y, gradient] = [upload(device, values(1)), upload(device, values(5))];
  const out = device.allocate('float32', rows * columns);
  const sums = device.allocate('float32', columns * Math.ceil(rows / chunk));
  const params = { rows, columns, chunk, yOffset: 0, gradientOffset: 0, sumsOffset: 0 };
  device.run('reluGradientSums', { y, gradient, out, sums }, params);
  return [[...(await device.read(out, 0, out.length))], [...(await device.read(sums, 0, sums.length))]];
}

for (const [kind, openOne] of [
  ['for this device', webgpuOrSkip],
  ['for GPUs', openAsGpu],
] as const) {
  test.for(sizes)(`%i × %i in chunks of %i rows, with the geometry ${kind}`, async (size, context) => {
    const device = await openOne(context);
    // Eighths are summed without rounding, in whatever order.
    expect(await resultsOn(device, size)).toEqual(
      await resultsOn(await open('cpu', { reference: true }), size),
    );
  });
}
