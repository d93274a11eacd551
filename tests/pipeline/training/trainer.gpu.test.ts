import { describe } from 'vitest';
import { open } from '../../../src/index.ts';
import { webgpuOrSkip } from '../../adapter.ts';
import { trainerSuite } from './trainerSuite.ts';

describe('training on WebGPU', () => {
  trainerSuite(webgpuOrSkip, async (context) => {
    await webgpuOrSkip(context);
    return open('webgpu');
  });
});
