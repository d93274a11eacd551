import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { optimizerSuite } from './optimizerSuite.ts';

describe('optimizers on WebGPU', () => optimizerSuite(webgpuOrSkip));
