import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { anomalySuite } from './anomalySuite.ts';

describe('detectAnomaly on the CPU', () => anomalySuite(() => open('cpu')));
