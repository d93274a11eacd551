import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { drawsSuite } from './drawsSuite.ts';

describe('in WebAssembly', () => drawsSuite(() => open('cpu')));
describe('in the plain twins', () => drawsSuite(() => open('cpu', { reference: true })));
