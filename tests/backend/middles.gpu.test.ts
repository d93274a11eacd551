import { expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { programs, resultsOf } from './middles.ts';

for (const program of programs) {
  test(`${program.name}: the same bits from the middle of buffers on WebGPU`, async (context) => {
    const device = await webgpuOrSkip(context);
    const expected = await resultsOf(program, device, 0);
    for (const lead of [5, 8]) expect(await resultsOf(program, device, lead)).toEqual(expected);
  });
}
