import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { captureUnsteadySuite } from './captureUnsteadySuite.ts';

describe('captured steps that do not settle, on WebGPU', () => captureUnsteadySuite(webgpuOrSkip));
