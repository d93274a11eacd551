import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { gradScalerSuite } from './gradScalerSuite.ts';

describe('GradScaler on the CPU', () => gradScalerSuite(() => open('cpu')));
describe('GradScaler on the reference', () => gradScalerSuite(() => open('cpu', { reference: true })));
