import { expect, test } from 'vitest';
import { choiceText } from '../../../../src/backend/webgpu/tuning/choice.ts';
import { shapeClass } from '../../../../src/backend/webgpu/tuning/shapeClass.ts';
import {
  ChoiceError,
  compareChoices,
  type ContestResult,
} from '../../../../src/pipeline/diagnostics/tuning/contest.ts';
import type { TunedLaunch } from '../../../../src/pipeline/diagnostics/tuning/launches.ts';
import { formatResult } from '../../../../src/pipeline/diagnostics/tuning/tune.ts';
import { type Behaviour, fakeDevice, product } from './fakeDevice.ts';

const launch: TunedLaunch = {
  shape: shapeClass('matmul', product, {}),
  operation: 'matmul',
  params: product,
  variant: {},
  lengths: { a: 78_400, b: 156_800, bias: 1, out: 20_000 },
};

const OWN = 'matmulSubgroup';
const OTHER = 'matmul TILE_ROWS=4 WORKGROUP_SIZE=8';
/** The plain kernel and the one for subgroups, each with three heights and two widths; one is what the rules choose. */
const ALL = 12;

function steadily(milliseconds: number): Behaviour {
  return { milliseconds: () => milliseconds };
}

function compare(
  behaviourOf: (choice: string) => Behaviour,
  limits: { deadline?: number; failed?: readonly string[]; signal?: AbortSignal } = {},
): Promise<ContestResult> & { fake: ReturnType<typeof fakeDevice> } {
  const fake = fakeDevice(behaviourOf);
  const { deadline = Infinity, failed = [], signal = new AbortController().signal } = limits;
  const result = compareChoices(fake.device, launch, { deadline, failed: new Set(failed), signal });
  return Object.assign(result, { fake });
}

test('the fastest choice wins, by its measured times', async () => {
  const comparison = compare((choice) => steadily(choice === OTHER ? 2 : choice === OWN ? 3 : 4));
  const result = await comparison;
  expect(choiceText(result.choice!)).toBe(OTHER);
  expect(result).toMatchObject({ builtIn: 3, best: 2, compared: ALL, candidates: ALL, complete: true });
  expect(formatResult(launch.shape, result)).toBe(
    'matmul 128x256x1024 NT: built-in 3.00 ms; 2.00 ms by matmul TILE_ROWS=4 WORKGROUP_SIZE=8, 1.50 times as fast of 12',
  );
  expect(comparison.fake.buffers.size).toBe(0);
});

test('what is as good as the built-in choice, or nearly so, does not replace it', async () => {
  const result = await compare((choice) => steadily(choice === OTHER ? 2.95 : 3));
  expect(result).toMatchObject({ choice: undefined, builtIn: 3, best: 3 });
  expect(formatResult(launch.shape, result)).toBe(
    'matmul 128x256x1024 NT: built-in 3.00 ms; nothing faster of 12',
  );
});

test('medians count: a single fast round does not win', async () => {
  // Rounds of several launches each: the first ones are fast.
  const { choice } = await compare((each) =>
    each === OTHER ? { milliseconds: (count) => (count < 17 ? 1 : 4) } : steadily(3),
  );
  expect(choice).toBeUndefined();
});

test('a choice that is the faster one in little more than half of the rounds does not win', async () => {
  // Turns of one launch each; the faster one in five of nine, and so by its median.
  const { choice, builtIn } = await compare((each) =>
    each === OTHER ? { milliseconds: (count) => (count % 2 === 0 ? 16 : 24) } : steadily(20),
  );
  expect([choice, builtIn]).toEqual([undefined, 20]);
});

test('the hopeless are out after the first round', async () => {
  const comparison = compare((choice) => steadily(choice === OWN ? 15 : choice === OTHER ? 40 : 15));
  await comparison;
  const { launches } = comparison.fake;
  expect(launches.get(OTHER)).toBeLessThanOrEqual(3);
  expect(launches.get(OWN)).toBeGreaterThanOrEqual(9);
});

test('no choice is made from too few rounds', async () => {
  const result = await compare((choice) => steadily(choice === OTHER ? 1 : 10), { deadline: 45 });
  expect(result.compared).toBeGreaterThan(0);
  expect(result.compared).toBeLessThan(ALL);
  expect(result).toMatchObject({ choice: undefined, complete: false });
  expect(formatResult(launch.shape, result)).toMatch(/; the time was up, with \d of 12 compared$/);
});

test('Ctrl-C ends a comparison', async () => {
  const result = await compare(() => steadily(1), { signal: AbortSignal.abort() });
  expect(result).toMatchObject({ choice: undefined, compared: 0 });
});

test('a choice that computes something else is named, and left out when it has failed before', async () => {
  const wrong = (choice: string): Behaviour =>
    choice === OTHER ? { ...steadily(1), result: 1.001 } : steadily(3);
  const comparison = compare(wrong);
  const error: unknown = await comparison.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ChoiceError);
  expect(error).toMatchObject({ choice: OTHER });
  expect((error as ChoiceError).message).toMatch(
    /^matmul TILE_ROWS=4 WORKGROUP_SIZE=8: its result is off by 0\.00/,
  );
  expect(comparison.fake.buffers.size).toBe(0);
  const result = await compare(wrong, { failed: [OTHER] });
  expect(result).toMatchObject({ choice: undefined, compared: ALL - 1, candidates: ALL - 1 });
});
