import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { edgesSuite } from './edgesSuite.ts';

describe('on WebGPU', () => edgesSuite(webgpuOrSkip));
