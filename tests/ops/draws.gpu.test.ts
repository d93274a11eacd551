import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { drawsSuite } from './drawsSuite.ts';

describe('on WebGPU', () => drawsSuite(webgpuOrSkip));
