import { describe } from 'vitest';
import { open } from '../../src/index.ts';
import { captureSuite } from './captureSuite.ts';

const reference = (): ReturnType<typeof open> => open('cpu', { reference: true });

describe('capture on the CPU', () =>
  captureSuite(
    () => open('cpu'),
    () => open('cpu'),
  ));
describe('capture on the reference', () => captureSuite(reference, reference));
