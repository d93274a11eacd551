import { describe } from 'vitest';
import { type Backend, open } from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { twoDevicesSuite } from './twoDevicesSuite.ts';

let second: Promise<Backend> | undefined;

describe('a WebGPU and a CPU device', () => {
  twoDevicesSuite(async (context) => ({ here: await webgpuOrSkip(context), other: await open('cpu') }));
});

describe('a CPU and a WebGPU device', () => {
  twoDevicesSuite(async (context) => ({ here: await open('cpu'), other: await webgpuOrSkip(context) }));
});

describe('two WebGPU devices', () => {
  twoDevicesSuite(async (context) => ({
    here: await webgpuOrSkip(context),
    other: await (second ??= open('webgpu')),
  }));
});
