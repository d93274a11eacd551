/** Kills trainings at random steps, resumes them, and compares the end with that of an uninterrupted one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { command, option } from '../src/pipeline/cli/command.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';
import { oneOf, wholeNumber } from '../src/pipeline/cli/values.ts';
import { drawKills, tinyTraining, trainKilled, trainWhole } from './pipeline/experiment/kills.ts';

const checkResume = command({
  about: `
    Trains a small CNN in a process once without a break; then again and again in processes that are killed (SIGKILL) at
    random steps, one to four times in a row, and resumed. Weights and journal must be equal at the end, bit by bit.`,
  options: {
    kills: option('<n>', wholeNumber(), 'kills on each device', { default: 20 }),
    device: option('<name>', oneOf(['cpu', 'webgpu']), 'one device only (default: both)'),
    seed: option('<n>', wholeNumber(0), 'seed of the random steps', { default: 1 }),
  },
  exitCodes: { 0: 'all are equal', 1: 'some differ, or failed' },
  run: async ({ kills, device, seed }) => {
    let equal = true;
    for (const name of device === undefined ? ['cpu', 'webgpu'] : [device]) {
      if (!(await check(name, kills, seed))) equal = false;
    }
    return equal ? 0 : 1;
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

await runCommand('npm run check:resume --', checkResume);
