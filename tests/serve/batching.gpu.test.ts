import { test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { checkBatching } from './batchingSuite.ts';

for (const architecture of ['mlp', 'cnn'] as const) {
  test(`${architecture} on WebGPU: the same bits alone and in a batch`, async (context) => {
    await checkBatching(await webgpuOrSkip(context), architecture);
  });
}
