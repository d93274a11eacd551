import { describe } from 'vitest';
import { openCpu } from '../../src/backend/cpu/cpu.ts';
import { crossEntropySuite } from './crossEntropySuite.ts';

describe('crossEntropy in WebAssembly', () => crossEntropySuite(() => openCpu()));
describe('crossEntropy in the reference', () => crossEntropySuite(() => openCpu({ reference: true })));
