/** Kills trainings at random steps, resumes them, and compares the end with that of an uninterrupted one: see HELP. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isDeepStrictEqual } from 'node:util';
import { drawKills, tinyTraining, trainKilled, trainWhole } from './pipeline/experiment/kills.ts';

const HELP = `usage: npm run check:resume -- [--kills N] [--device cpu|webgpu] [--seed S]

Trains a small CNN in a process once without a break; then again and again in processes that are killed (SIGKILL) at
random steps, one to four times in a row, and resumed. Weights and journal must be equal at the end, bit by bit.

options
  --kills N    kills on each device (default 20)
  --device D   one device only (default: both)
  --seed S     of the random steps (default 1)

exit codes: 0 all equal, 1 not`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    device: { type: 'string' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});

async function check(device: string, total: number, seed: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-resume-'));
  try {
    const whole = await trainWhole(tinyTraining(device, join(folder, 'whole')));
    console.log(
      `${device}: uninterrupted, ${whole.steps} steps, weights ${whole.weightsSha256.slice(0, 16)}`,
    );
    let [done, equal] = [0, 0];
    for (let run = 1; done < total; run++) {
      const count = Math.min(1 + (run % 4), total - done);
      const kills = drawKills(count, whole.steps, seed, run);
      const { killedAt, ...result } = await trainKilled(
        tinyTraining(device, join(folder, String(run))),
        kills,
      );
      const same = isDeepStrictEqual(result, whole);
      done += count;
      equal += same ? count : 0;
      const word = same ? 'equal' : 'DIFFERENT';
      console.log(`${device}: killed after step ${killedAt.join(', ')}: ${word} (${done}/${total})`);
    }
    console.log(`${device}: ${equal} of ${total} kills left no trace`);
    return equal === total;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (values.help) console.log(HELP);
else {
  for (const device of values.device === undefined ? ['cpu', 'webgpu'] : [values.device]) {
    if (!(await check(device, Number(values.kills), Number(values.seed)))) process.exitCode = 1;
  }
}
