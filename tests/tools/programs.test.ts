import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PROGRAMS } from '../../bench/programs/list.ts';
import { Peer } from '../../bench/programs/peer.ts';
import { differenceOf } from '../../bench/programs/compare.ts';
import { init, scope } from '../../src/index.ts';
import { skipMissing } from './missing.ts';
import { NO_PYTORCH, python } from './python.ts';

const STEPS = 4;
const WORKER = fileURLToPath(new URL('../../bench/programs/worker.py', import.meta.url));

await init('cpu');

for (const [name, make] of Object.entries(PROGRAMS)) {
  test(`${name} has PyTorch's losses`, async (context) => {
    if (python === undefined) skipMissing(context, NO_PYTORCH);
    const { batches, step, after } = make();
    const ours: number[] = [];
    for (let index = 0; index < STEPS; index++) {
      ours.push(await scope(() => step(...batches[index % batches.length]!)).item());
      after?.();
    }
    const [theirs, exact] = [await lossesOf(python, name), await lossesOf(python, name, 'float64')];
    // Adam makes whole steps of gradients that are nothing but rounding: some losses of PyTorch differ from its own in float64.
    const rounding = differenceOf(theirs, exact);
    expect(rounding).toBeLessThan(1e-4);
    expect(differenceOf(ours, exact)).toBeLessThan(Math.max(1e-5, 2 * rounding));
  });
}

/** The losses of PyTorch's first steps. */
async function lossesOf(python: string, ...program: string[]): Promise<readonly number[]> {
  const peer = new Peer(python, [WORKER, ...program]);
  try {
    const { losses } = await peer.ask({ steps: STEPS, milliseconds: 0 });
    return losses;
  } finally {
    peer.stop();
  }
}
