import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { decode } from 'fast-png';
import { expect, it } from 'vitest';
import { decodeSafetensors } from '../../src/formats/safetensors/index.ts';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';

/** Runs a program of examples/node on the CPU backend, in a new folder that has the data. */
async function runExample(name: string, ...args: string[]): Promise<{ folder: string; printed: string }> {
  const folder = temporaryFolder();
  await fetchFashionMnist('data/raw');
  mkdirSync(join(folder, 'data'));
  symlinkSync(resolve('data/raw'), join(folder, 'data/raw'));
  const command = ['--import', import.meta.resolve('tsx'), resolve('examples/node', name), ...args];
  const options = { cwd: folder, timeout: 120_000 };
  return new Promise((done, fail) => {
    execFile(process.execPath, command, options, (error, printed, errors) => {
      if (error) fail(new Error(errors, { cause: error }));
      else done({ folder, printed });
    });
  });
}

it('linearRegression finds the line', async () => {
  const { printed } = await runExample('linearRegression.ts');
  const [, slope, start] = /^y = (\S+) x \+ (\S+)\n$/.exec(printed)!;
  expect(Math.abs(Number(slope) - 3)).toBeLessThan(0.1);
  expect(Math.abs(Number(start) - 2)).toBeLessThan(0.1);
});

it('gpt learns, and writes', async () => {
  const { printed } = await runExample('gpt/train.ts', '30');
  expect(Number(/step 30: loss (\S+)/.exec(printed)![1])).toBeLessThan(3.3);
  expect(printed).toMatch(/\n\nAlice [^]{400}\n$/);
});

it('garments writes a picture of test images and inventions', async () => {
  const { folder, printed } = await runExample('garments.ts', '1');
  expect(Number(/epoch 1: loss (\S+) nats/.exec(printed)![1])).toBeLessThan(300);
  const { width, height, data } = decode(readFileSync(join(folder, 'garments.png')));
  expect([width, height]).toEqual([448, 224]);
  const rows = Array.from({ length: 224 }, (_, row) => data.slice(448 * row, 448 * (row + 1)));
  for (const part of [rows.slice(0, 112), rows.slice(112)]) {
    const values = part.flatMap((row) => [...row]);
    expect(Math.max(...values)).toBeGreaterThan(200);
    expect(Math.min(...values)).toBe(0);
  }
});

it('pytorch/fineTune reads weights of PyTorch, improves them, and writes them', async () => {
  const { folder, printed } = await runExample('pytorch/fineTune.ts', '1');
  const accuracies = [...printed.matchAll(/(\d\d\.\d\d) %/g)].map(([, value]) => Number(value));
  expect(accuracies).toHaveLength(2);
  // PyTorch measures 79.20 %.
  expect(accuracies[0]).toBeCloseTo(79.2, 1);
  expect(accuracies[1]).toBeGreaterThan(84);
  const names = (path: string): string[] => [...decodeSafetensors(readFileSync(path)).tensors.keys()].sort();
  expect(names(join(folder, 'fineTuned.safetensors'))).toEqual(
    names('examples/node/pytorch/made.safetensors'),
  );
});
