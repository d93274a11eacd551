import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { captureRandomSuite } from './captureRandomSuite.ts';

const seeds = Number(process.env['CAPTURE_SEEDS'] ?? 40);

describe('random captured programs on the CPU', () => captureRandomSuite(seeds, () => open('cpu')));
