import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { autocastSuite } from './autocastSuite.ts';

describe('autocast on the CPU', () => autocastSuite(() => open('cpu')));
