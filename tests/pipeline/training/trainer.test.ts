import { describe } from 'vitest';
import { open } from '../../../src/index.ts';
import { trainerSuite } from './trainerSuite.ts';

describe('training on the CPU', () => {
  trainerSuite(
    () => open('cpu'),
    () => open('cpu'),
  );
});
