import { describe } from 'vitest';
import { open } from '../../../src/index.ts';
import { refusalSuite, resumeSuite } from './resumeSuite.ts';

describe('resuming on the CPU', () => {
  resumeSuite(() => open('cpu'));
  refusalSuite(() => open('cpu'));
});
