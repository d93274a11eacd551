import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { aliasSuite } from './aliasSuite.ts';

const cpu = await open('cpu');
const reference = await open('cpu', { reference: true });

describe('who shares memory, in WebAssembly', () => aliasSuite(() => Promise.resolve(cpu)));
describe('who shares memory, in the reference', () => aliasSuite(() => Promise.resolve(reference)));
