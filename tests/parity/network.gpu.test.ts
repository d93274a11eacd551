import { expect, it } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { NETWORK_BOUND, networkErrors } from './network.ts';

it('a CNN with batch norm and pooling follows PyTorch on WebGPU', async (context) => {
  const { losses, state } = await networkErrors(await webgpuOrSkip(context));
  expect(losses).toBeLessThan(NETWORK_BOUND);
  expect(state).toBeLessThan(NETWORK_BOUND);
});
