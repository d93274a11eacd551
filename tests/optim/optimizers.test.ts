import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { optimizerSuite } from './optimizerSuite.ts';

describe('optimizers on the CPU', () => optimizerSuite(() => open('cpu')));
