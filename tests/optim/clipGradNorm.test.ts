import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { clipSuite } from './clipSuite.ts';

describe('clipGradNorm on the CPU', () => clipSuite(() => open('cpu')));
