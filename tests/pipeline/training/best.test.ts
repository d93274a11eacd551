import { expect, test } from 'vitest';
import { Best, type BestOptions } from '../../../src/pipeline/training/best.ts';
import type { Evaluation } from '../../../src/pipeline/training/tasks.ts';

/** Which of some values of the metric are better than all before. */
function better(options: BestOptions, values: readonly number[]): boolean[] {
  const best = new Best(options);
  return values.map((value, at) => best.note(at + 1, { [options.metric]: value } as unknown as Evaluation));
}

test.each<[BestOptions, readonly number[], readonly boolean[]]>([
  [{ metric: 'loss' }, [2, 2, 1.5, 1.75, 1], [true, false, true, false, true]],
  [{ metric: 'accuracy' }, [0.5, 0.5, 0.75, 0.5], [true, false, true, false]],
  [{ metric: 'accuracy', mode: 'min' }, [0.5, 0.75, 0.25], [true, false, true]],
  [{ metric: 'loss', mode: 'max' }, [2, 1, 3], [true, false, true]],
  // An improvement by minDelta itself does not count.
  [{ metric: 'loss', minDelta: 0.25 }, [2, 1.75, 1.5, 2.125, 1.25], [true, false, true, false, false]],
  [
    { metric: 'accuracy', minDelta: 0.25 },
    [0.25, 0.5, 0.625, 0.75, 0.9375],
    [true, false, true, false, true],
  ],
  [{ metric: 'loss' }, [NaN, Infinity, -Infinity, 3, NaN, 2], [false, false, false, true, false, true]],
])('%o of %j', (options, values, expected) => {
  expect(better(options, values)).toEqual(expected);
});

test('the state counts epochs without improvement, and goes on from where it was', () => {
  const best = new Best({ metric: 'loss' });
  expect(best.state).toEqual({ value: null, epoch: 0, stale: 0 });
  const note = (of: Best, epoch: number, loss: number): boolean => of.note(epoch, { loss });
  note(best, 1, 3);
  note(best, 2, 4);
  note(best, 3, NaN);
  expect(best.state).toEqual({ value: 3, epoch: 1, stale: 2 });
  const again = new Best({ metric: 'loss' }, best.state);
  expect([note(again, 4, 3), note(again, 5, 2)]).toEqual([false, true]);
  expect(again.state).toEqual({ value: 2, epoch: 5, stale: 0 });
});
