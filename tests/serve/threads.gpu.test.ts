import { test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { checkEngineThread } from './engineSuite.ts';

test('an engine in a thread on WebGPU gives the bits of one in this thread', async (context) => {
  await checkEngineThread(await webgpuOrSkip(context), 'webgpu');
});
