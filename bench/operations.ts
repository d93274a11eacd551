/**
 * What an element costs in every operation, forward and with backward: in additions on the same device, and at 64 times
 * the size relative to 64 times the cost. Marks what costs many additions, or grows faster than its data.
 *
 *   npx tsx bench/operations.ts cpu|webgpu|reference [part of a name]
 */
import { init, rand, scope, type Tensor } from '../src/index.ts';
import { type OperationCase, operationCases } from './operationCases.ts';

const SIZES: readonly [small: number, large: number] = [2 ** 14, 2 ** 20];
/** What is marked: additions an element, and growth beyond that of the data. */
const DEAR = 100;
const GROWTH = 3;

const [, , name = 'cpu', part = ''] = process.argv;
const device =
  name === 'reference'
    ? await init('cpu', { reference: true })
    : await init(name === 'webgpu' ? 'webgpu' : 'cpu');

const addition = (await timesOf(operationCases.find((each) => each.name === 'add')!)).forward[1] / SIZES[1];
console.log(`${device.description}: an addition takes ${(addition * 1e6).toFixed(2)} ns an element\n`);
console.log(lineOf(['', 'forward ns', 'additions', 'growth', 'both ns', 'additions', 'growth']));
for (const each of operationCases.filter((some) =>
  part.split('|').some((word) => some.name.includes(word)),
)) {
  const { forward, both } = await timesOf(each);
  const cells = [forward, both].map(figuresOf);
  const marked = cells.some(([, additions = 0, growth = 0]) => additions > DEAR || growth > GROWTH);
  console.log(lineOf([each.name, ...cells.flat().map((cell) => cell.toFixed(2)), ...(marked ? ['!'] : [])]));
}

/** Milliseconds at both sizes. */
type Times = readonly [small: number, large: number];

function figuresOf(times: Times | undefined): number[] {
  if (!times) return [];
  const [small, large] = [times[0] / SIZES[0], times[1] / SIZES[1]];
  return [large * 1e6, large / addition, large / small];
}

function lineOf([head = '', ...cells]: readonly string[]): string {
  return head.padEnd(36) + cells.map((cell) => cell.padStart(11)).join('');
}

async function timesOf({ inputs, run }: OperationCase): Promise<{ forward: Times; both?: Times }> {
  const forward: number[] = [];
  const both: number[] = [];
  for (const size of SIZES) {
    const leaves: Tensor[] = scope(() => inputs(size));
    forward.push(await least(() => run(...leaves)));
    for (const leaf of leaves) if (leaf.dtype === 'float32') leaf.requiresGrad = true;
    const seed = scope(() => {
      const out = run(...leaves);
      return out.requiresGrad && out.dtype === 'float32' ? rand(out.shape) : undefined;
    });
    if (seed) {
      const step = (): void => {
        run(...leaves).backward(seed);
        for (const leaf of leaves) leaf.zeroGrad();
      };
      both.push(await least(step));
    }
    for (const each of [...leaves, seed]) each?.dispose();
  }
  const [small, large] = both;
  return {
    forward: forward as unknown as Times,
    ...(small !== undefined && large !== undefined ? { both: [small, large] as const } : {}),
  };
}

/** The least processor time of a few repetitions, which other programs disturb less than the clock. */
async function least(body: () => unknown): Promise<number> {
  let time = Infinity;
  const begin = performance.now();
  for (
    let repetition = 0;
    repetition < 2 || (repetition < 9 && performance.now() - begin < 500);
    repetition++
  ) {
    await device.synchronize();
    const start = process.cpuUsage();
    scope(() => void body());
    await device.synchronize();
    const { user, system } = process.cpuUsage(start);
    time = Math.min(time, (user + system) / 1000);
  }
  return time;
}
