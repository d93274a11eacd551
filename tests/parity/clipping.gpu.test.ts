import { expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { clippingFixtures, clipsAsPyTorch } from './clipping.ts';

for (const fixture of clippingFixtures) {
  test(`gradients are clipped as in PyTorch on WebGPU: ${fixture.name}`, async (context) => {
    expect(await clipsAsPyTorch(fixture, await webgpuOrSkip(context))).toBe(true);
  });
}
