import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { disposeSuite } from './disposeSuite.ts';

describe('freeing models on the CPU', () => disposeSuite(() => open('cpu')));
