import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { aliasSuite } from './aliasSuite.ts';

describe('who shares memory, on WebGPU', () => aliasSuite(webgpuOrSkip));
