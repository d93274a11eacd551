import { describe, expect, test } from 'vitest';
import { autocast, ones } from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { openWithoutFeatures, openWithoutSubgroups } from '../backend/webgpu/devices.ts';
import { autocastSuite } from './autocastSuite.ts';

describe('autocast on WebGPU', () =>
  autocastSuite(async (context) => {
    const device = await webgpuOrSkip(context);
    return device.supports('float16') ? device : context.skip('this device has no float16');
  }));

describe('autocast on devices without subgroups', () =>
  autocastSuite(async (context) => {
    const device = await openWithoutSubgroups(context);
    return device.supports('float16') ? device : context.skip('this device has no float16');
  }));

test('a device without float16 says what to do', async (context) => {
  const device = await openWithoutFeatures(context);
  const x = ones([2, 2], { device });
  expect(() => autocast('float16', () => x.matmul(x))).toThrow(/float16[^]*shader-f16[^]*float32/);
});
