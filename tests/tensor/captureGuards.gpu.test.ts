import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { captureGuardSuite } from './captureGuardSuite.ts';

describe('guards of captured steps on WebGPU', () => captureGuardSuite(webgpuOrSkip));
