import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { checkpointSuite } from './checkpointSuite.ts';

describe('checkpoint on the CPU', () =>
  checkpointSuite(
    () => open('cpu'),
    () => open('cpu'),
  ));
