import { callsFor } from '../statistics.ts';

/** One of those that are compared. It takes milliseconds for a number of calls. */
export type Side = (calls: number) => Promise<number>;

/** Milliseconds: of a sample, of all before the first that counts, of all that count; and how many do. */
const SAMPLE = 2;
const WARM_UP = 30;
const COUNTED = 120;
const FEWEST = 3;
const MOST = 60;

/**
 * Microseconds for a call of each side: the least of many short samples, which the sides take in turns. Other programs
 * of the machine lengthen samples and shorten none.
 */
export async function alternate(sides: readonly Side[]): Promise<number[]> {
  const calls: number[] = [];
  for (const side of sides) calls.push(await warmUp(side));
  const least = sides.map(() => Infinity);
  const begin = performance.now();
  for (let round = 0; round < MOST; round++) {
    if (round >= FEWEST && performance.now() - begin > COUNTED * sides.length) break;
    for (const [index, side] of sides.entries()) {
      least[index] = Math.min(least[index]!, (1000 * (await side(calls[index]!))) / calls[index]!);
    }
  }
  return least;
}

/** The calls of a sample. */
async function warmUp(side: Side): Promise<number> {
  let calls = 1;
  for (const begin = performance.now(); performance.now() - begin < WARM_UP;) {
    calls = callsFor((await side(calls)) / calls, SAMPLE);
  }
  return calls;
}
