import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { scatterSuite } from './scatterSuite.ts';

describe('on WebGPU', () => scatterSuite(webgpuOrSkip));
