import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { openOwn } from '../backend/webgpu/devices.ts';
import { checkpointSuite } from './checkpointSuite.ts';

describe('checkpoint on WebGPU', () =>
  checkpointSuite(webgpuOrSkip, async (context) => (await openOwn(context)).backend));
