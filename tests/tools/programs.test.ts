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
    const peer = new Peer(python, [WORKER, name]);
    try {
      const { losses } = await peer.ask({ steps: STEPS, milliseconds: 0 });
      expect(differenceOf(ours, losses)).toBeLessThan(1e-5);
    } finally {
      peer.stop();
    }
  });
}
