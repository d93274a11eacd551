import { loadFixture } from './fixtures.ts';
import { type OperationFixture } from './operations.ts';

/** The losses with all their options: see tests/fixtures/README.md. */
export const lossFixtures = loadFixture('losses.json') as OperationFixture[];
