import { describe, expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { EVERY_CASE } from '../runtimes/share.ts';
import { deviation, DEVIATION_BOUND, openReference } from './check.ts';
import { table } from './table.ts';

const cpu = await openReference();

for (const [name, { cases, looser }] of Object.entries(table)) {
  describe(name, () => {
    for (const each of cases.filter((_, index) => index % EVERY_CASE === 0)) {
      test(`${each.name}: WebGPU agrees with the CPU, and in the middle of buffers with itself to the bit`, async (context) => {
        const webgpu = await webgpuOrSkip(context);
        expect(await deviation(each, cpu, webgpu)).toBeLessThanOrEqual(
          DEVIATION_BOUND * (looser?.factor ?? 1),
        );
      });
    }
  });
}
