import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROGRAMS } from '../../bench/programs/list.ts';
import { capture, init, scope } from '../../src/index.ts';

const STEPS = 4;

await init('cpu');

/** The losses of a program's first steps. */
async function lossesOf(name: string, captured: boolean): Promise<number[]> {
  const program = PROGRAMS[name]!();
  const step = captured
    ? capture(program.step)
    : (...batch: Parameters<typeof program.step>) => scope(() => program.step(...batch));
  const losses: number[] = [];
  for (let index = 0; index < STEPS; index++) {
    const loss = step(...program.batches[index % program.batches.length]!);
    losses.push(await loss.item());
    program.after?.();
  }
  return losses;
}

for (const name of Object.keys(PROGRAMS)) {
  test(`${name} has the same losses when its step is captured, and a twin in Python`, async () => {
    const losses = await lossesOf(name, true);
    expect(losses).toEqual(await lossesOf(name, false));
    expect(new Set(losses).size).toBe(STEPS);
    expect(existsSync(`bench/programs/${name}.py`)).toBe(true);
  });
}
