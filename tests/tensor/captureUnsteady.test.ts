import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { captureUnsteadySuite } from './captureUnsteadySuite.ts';

describe('captured steps that do not settle, on the CPU', () => captureUnsteadySuite(() => open('cpu')));
