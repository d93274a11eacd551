import { describe } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { gradScalerSuite } from './gradScalerSuite.ts';

describe('GradScaler on WebGPU', () => gradScalerSuite(webgpuOrSkip));
