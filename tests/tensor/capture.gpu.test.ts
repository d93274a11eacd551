import { describe, expect, it } from 'vitest';
import { openDevice } from '../../src/backend/webgpu/adapter.ts';
import { WebGpuBackend } from '../../src/backend/webgpu/webgpu.ts';
import { setDefaultDevice } from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { openOwn } from '../backend/webgpu/devices.ts';
import { captureSuite, course, optimizers } from './captureSuite.ts';

describe('capture on WebGPU', () => {
  captureSuite(webgpuOrSkip, async (context) => (await openOwn(context)).backend);

  it('sees a step with parameters in the uniform ring', async (context) => {
    await webgpuOrSkip(context);
    const ring = new WebGpuBackend(await openDevice(), { immediates: false });
    const [, make] = optimizers[0]!;
    setDefaultDevice(ring);
    const replayed = await course(make, true);
    expect(replayed).toEqual(await course(make, false));
    ring.destroy();
  });
});
