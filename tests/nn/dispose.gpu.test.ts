import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { disposeSuite } from './disposeSuite.ts';

describe('freeing models on WebGPU', () => disposeSuite(webgpuOrSkip));
