import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { openOwn } from '../backend/webgpu/devices.ts';
import { captureResultsSuite } from './captureResultsSuite.ts';

describe('results of captured steps on WebGPU', () =>
  captureResultsSuite(webgpuOrSkip, async (context) => (await openOwn(context)).backend));
