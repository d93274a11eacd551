import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { anomalySuite } from './anomalySuite.ts';

describe('detectAnomaly on WebGPU', () => anomalySuite(webgpuOrSkip));
