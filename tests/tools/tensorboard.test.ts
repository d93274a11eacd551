import { join } from 'node:path';
import { expect, test, type TestContext } from 'vitest';
import { openTensorboard } from '../../src/pipeline/tracking/tensorboard/tensorboard.ts';
import { sampleRecords, sampleRun, STARTED } from '../pipeline/tracking/fixture.ts';
import { runScript, toolsPython } from './toolsPython.ts';

type Found = Record<string, { kind: string; values: [step: number, wallTime: number, value: unknown][] }>;

async function load(context: TestContext, folder: string): Promise<Found> {
  return (await runScript(toolsPython(context, 'tensorboard'), 'tensorboard_events.py', folder)) as Found;
}

test("TensorBoard's loader reads scalars, images and histograms", async (context) => {
  const run = sampleRun();
  const records = sampleRecords(2);
  await (await openTensorboard(run, records, false)).close?.();
  const found = await load(context, join(run.path, 'tensorboard'));
  expect(Object.fromEntries(Object.entries(found).map(([tag, { kind }]) => [tag, kind]))).toEqual({
    'train/loss': 'scalars',
    'train/accuracy': 'scalars',
    'validation/accuracy': 'scalars',
    'validation/loss': 'scalars',
    'test/accuracy': 'scalars',
    'test/loss': 'scalars',
    'validation/wrong predictions': 'images',
    '1.weight': 'histograms',
  });
  const timeOf = (step: number, kind: string): number =>
    records.find((record) => record.step === step && record.kind === kind)!.time! / 1000;
  expect(found['train/loss']!.values).toEqual(
    [5, 10, 15, 20].map((step) => [step, timeOf(step, 'train'), Math.fround(1 / step)]),
  );
  expect(found['train/loss']!.values[0]![1]).toBe(STARTED / 1000 + 1);
  expect(found['validation/loss']!.values.map(([step, , value]) => [step, value])).toEqual([
    [10, 'NaN'],
    [20, 0.5],
  ]);
  expect(found['1.weight']!.values.map(([step, , value]) => [step, value])).toEqual(
    [10, 20].map((step) => [
      step,
      [
        [-1, 0, 1],
        [0, 1, 0],
        [1, 2, 3],
      ],
    ]),
  );
  for (const [, , value] of found['validation/wrong predictions']!.values) {
    const [width, height, pictures] = value as [number, number, unknown];
    expect(width).toBeGreaterThan(100);
    expect(pictures).toEqual([[[width, height], 'PNG']]);
  }
});

test("TensorBoard's loader has each step once where a run went on from a checkpoint", async (context) => {
  const run = sampleRun();
  const records = sampleRecords(2);
  const first = await openTensorboard(run, [], true);
  // Written, but lost with the process: the run goes on from step 10.
  for (const record of records.filter(({ step }) => step <= 15)) await first.write(record);
  const past = records.filter(({ step }) => step <= 10);
  const second = await openTensorboard(run, past, true);
  for (const record of records.slice(past.length)) await second.write(record);
  const found = await load(context, join(run.path, 'tensorboard'));
  expect(found['train/loss']!.values.map(([step, , value]) => [step, value])).toEqual(
    [5, 10, 15, 20].map((step) => [step, Math.fround(1 / step)]),
  );
  expect(found['1.weight']!.values.map(([step]) => step)).toEqual([10, 20]);
});
