import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { edgesSuite } from './edgesSuite.ts';

describe('in WebAssembly', () => edgesSuite(() => open('cpu')));
describe('by the plain twins', () => edgesSuite(() => open('cpu', { reference: true })));
