import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { clipSuite } from './clipSuite.ts';

describe('clipGradNorm on WebGPU', () => clipSuite(webgpuOrSkip));
