import { expect, test } from 'vitest';
import { Gpt } from '../../examples/node/gpt/model.ts';
import { CHARACTERS, encode, TEXT } from '../../examples/node/gpt/text.ts';
import { optimizerOf, trainStep } from '../../examples/node/gpt/training.ts';
import { capture, noGrad, open, setDefaultDevice, stack, tensor, type Tensor } from '../../src/index.ts';
import { loadFixture } from './fixtures.ts';

// The sizes of tests/fixtures/gpt.py.
const [LENGTH, WIDTH, HEADS, BLOCKS, ROWS] = [32, 32, 4, 2, 8];

/** Numbers from -1 to 1, as the fixture's script makes them. */
function numbers(seed: number, count: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

test('the GPT example has PyTorch’s losses in 200 steps from the same weights and batches', async () => {
  const { names, losses } = loadFixture('gpt.json') as { names: string[]; losses: number[] };
  setDefaultDevice(await open('cpu'));
  const model = new Gpt({
    vocabulary: CHARACTERS.length,
    length: LENGTH,
    width: WIDTH,
    heads: HEADS,
    blocks: BLOCKS,
  });
  const state = Object.entries(model.stateDict());
  expect(state.map(([name]) => name)).toEqual(names);
  noGrad(() => {
    for (const [index, [, value]] of state.entries()) {
      const scale = value.ndim >= 2 ? 1 / Math.sqrt(value.shape[1]!) : 0.1;
      if (value.ndim < 2 && index % 2 === 0) continue;
      const first = numbers(index, value.numel()).map((each) => each * scale);
      value.copy_(tensor(Float32Array.from(first), { shape: value.shape }));
    }
  });
  const optimizer = optimizerOf(model, 3e-3);
  const tokens = encode(TEXT);
  const step = capture((parts: Tensor) => trainStep(model, optimizer, parts));
  const found: number[] = [];
  for (let taken = 0; taken < losses.length; taken++) {
    const starts = Array.from(
      { length: ROWS },
      (_, row) => (7919 * taken + 4241 * row) % (TEXT.length - LENGTH),
    );
    const parts = stack(starts.map((start) => tensor(tokens.slice(start, start + LENGTH + 1))));
    found.push(await step(parts).item());
  }
  const worst = Math.max(...found.map((loss, at) => Math.abs(loss / losses[at]! - 1)));
  console.log(`farthest from PyTorch's loss: ${(100 * worst).toExponential(1)} %`);
  expect(losses[199]).toBeLessThan(0.6 * losses[0]!);
  expect(worst).toBeLessThan(0.02);
});
