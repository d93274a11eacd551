import { expect, test } from 'vitest';
import type { JournalRecord, MetricsRecord } from '../../../src/pipeline/runs/journal/records.ts';
import type { Journal } from '../../../src/pipeline/runs/journal/journal.ts';
import { Follower } from '../../../src/pipeline/runs/verification/follower.ts';

const recorded: readonly MetricsRecord[] = [
  { kind: 'train', epoch: 1, step: 5, metrics: { loss: NaN, seconds: 1, samplesPerSecond: 9 } },
  { kind: 'validation', epoch: 1, step: 10, metrics: { loss: 0.5 }, weightsSha256: 'a' },
];

/** Follows a training that writes some records; returns the follower and how often it wanted to stop. */
function follow(records: readonly JournalRecord[]): { follower: Follower; stops: number; written: JournalRecord[] } {
  let stops = 0;
  const written: JournalRecord[] = [];
  const follower = new Follower(recorded, () => stops++);
  const journal = follower.watch({ append: (record) => written.push(record) } as Partial<Journal> as Journal);
  for (const record of records) journal.append(record);
  return { follower, stops, written };
}

test('equal records are counted, NaN is equal to NaN, and times do not matter', () => {
  const [first, second] = recorded as [MetricsRecord, MetricsRecord];
  const again = { ...first, metrics: { loss: NaN, seconds: 2, samplesPerSecond: 3, extra: 1 } };
  const predictions: JournalRecord = { kind: 'predictions', epoch: 1, step: 10, confusion: [], wrong: [] };
  const { follower, stops, written } = follow([again, predictions, second, second]);
  expect(follower.difference).toBeUndefined();
  expect([follower.isComplete, follower.equalReadings, follower.equalSteps, stops]).toEqual([true, 2, 10, 1]);
  expect(written).toHaveLength(4);
});

const changed = (index: number, change: Partial<MetricsRecord>): MetricsRecord[] =>
  recorded.map((record, at) => (at === index ? { ...record, ...change } : record));

test.each<[string, MetricsRecord[], object]>([
  [
    'a metric',
    changed(0, { metrics: { loss: 1 } }),
    { field: 'loss', recorded: NaN, now: 1, step: 5, lastEqualStep: 0 },
  ],
  ['the sign of zero', changed(1, { metrics: { loss: -0.5 } }), { field: 'loss', now: -0.5, lastEqualStep: 5 }],
  ['a missing metric', changed(0, { metrics: {} }), { field: 'loss', now: 'nothing' }],
  ['the weights', changed(1, { weightsSha256: 'b' }), { field: 'weightsSha256', recorded: 'a', now: 'b', step: 10 }],
  [
    'a step',
    changed(1, { step: 11 }),
    { field: 'record', recorded: 'validation, epoch 1, step 10', now: 'validation, epoch 1, step 11' },
  ],
])('the first difference is named: %s', (_, records, difference) => {
  const { follower, stops } = follow([...records, ...recorded]);
  expect(follower.difference).toMatchObject(difference);
  expect([follower.isComplete, stops]).toEqual([false, 1]);
});
