import { describe } from 'vitest';
import { webgpuOrSkip } from '../../adapter.ts';
import { resumeSuite } from './resumeSuite.ts';

describe('resuming on WebGPU', () => {
  resumeSuite(webgpuOrSkip);
});
