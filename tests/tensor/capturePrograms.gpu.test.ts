import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { captureProgramsSuite } from './captureProgramsSuite.ts';

describe('programs with captured steps on WebGPU', () => captureProgramsSuite(webgpuOrSkip));
