import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { captureResultsSuite } from './captureResultsSuite.ts';

const cpu = (): ReturnType<typeof open> => open('cpu');

describe('results of captured steps on the CPU', () => captureResultsSuite(cpu, cpu));
