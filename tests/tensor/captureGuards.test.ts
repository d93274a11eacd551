import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { captureGuardSuite } from './captureGuardSuite.ts';

describe('guards of captured steps on the CPU', () => captureGuardSuite(() => open('cpu')));
