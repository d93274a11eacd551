import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { captureRandomSuite } from './captureRandomSuite.ts';

describe('random captured programs on WebGPU', () => captureRandomSuite(6, webgpuOrSkip));
