import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { captureProgramsSuite } from './captureProgramsSuite.ts';

describe('programs with captured steps on the CPU', () => captureProgramsSuite(() => open('cpu')));
