import { expect, it } from 'vitest';
import { open } from '../../src/index.ts';
import { NETWORK_BOUND, networkErrors } from './network.ts';

it('a CNN with batch norm and pooling follows PyTorch on the CPU', async () => {
  const { losses, state } = await networkErrors(await open('cpu'));
  expect(losses).toBeLessThan(NETWORK_BOUND);
  expect(state).toBeLessThan(NETWORK_BOUND);
});
