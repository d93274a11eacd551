import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { scatterSuite } from './scatterSuite.ts';

describe('in WebAssembly', () => scatterSuite(() => open('cpu')));
describe('in the plain twins', () => scatterSuite(() => open('cpu', { reference: true })));
