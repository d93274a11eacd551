import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../../src/pipeline/config/configuration.ts';
import type { RunSummary } from '../../../src/pipeline/runs/summary.ts';
import { gridTrials, parseAxes, randomTrial } from '../../../src/pipeline/sweep/axes.ts';
import { ranked, tableText, type TrialState, variedKeys } from '../../../src/pipeline/sweep/table.ts';
import { makeTrial } from '../../../src/pipeline/sweep/trial.ts';

describe('sweeps', () => {
  it('take ranges within their limits', () => {
    const range = (written: string): unknown => parseAxes([`a=${written}`])[0]!.values;
    expect(range('int(-3,5)')).toEqual({ kind: 'int', low: -3, high: 5 });
    expect(range('uniform(-1,1.5)')).toEqual({ kind: 'uniform', low: -1, high: 1.5 });
    expect(range('log(1e-9,1)')).toEqual({ kind: 'log', low: 1e-9, high: 1 });
    for (const wrong of [
      'log(-1,1)',
      'log(1,1)',
      'uniform(2,2)',
      'uniform(0,Infinity)',
      'int(1,2.5)',
      'uniform(x,2)',
    ]) {
      expect(() => range(wrong), wrong).toThrow('sweep does not fit');
    }
    // No range: two values.
    expect(range('log(1),2')).toEqual(['log(1)', '2']);
    expect(range('1,1,2')).toEqual(['1', '2']);
  });

  it('of a grid have 10,000 trials at most', () => {
    const values = (count: number): string => Array.from({ length: count }, (_, at) => at).join(',');
    const grid = (a: number, b: number): number =>
      gridTrials(parseAxes([`a=${values(a)}`, `b=${values(b)}`])).length;
    expect(grid(100, 100)).toBe(10_000);
    expect(() => grid(101, 100)).toThrow('10000 trials at most');
  });

  it('draw both ends of whole numbers, and others with both halves of the seed', () => {
    const axes = parseAxes(['a=int(1,2)', 'b=uniform(0,1)']);
    const draws = (seed: number): string[] =>
      Array.from({ length: 40 }, (_, trial) => randomTrial(axes, seed, trial).join());
    expect(new Set(draws(0).map((draw) => draw.split(',')[0]))).toEqual(new Set(['a=1', 'a=2']));
    expect(draws(2 ** 32)).not.toEqual(draws(0));
    // Four digits.
    expect(draws(0).every((draw) => /b=(0|1|0\.0*\d{1,4}|\d(\.\d+)?e-\d+)$/.test(draw))).toBe(true);
  });

  const base = parseConfiguration({ name: 'x', model: { name: 'mlp' }, optimizer: { name: 'adam' } });
  const trial = (...overrides: string[]) => makeTrial(overrides, base, { data: 'd', code: 'c' });
  const state = (override: string, summary?: object, others: object = {}): TrialState => ({
    trial: trial(override),
    status: summary ? 'finished' : 'waiting',
    ...(summary && { summary: summary as RunSummary }),
    ...others,
  });
  const order = (states: TrialState[], best: object): string =>
    ranked(states, best as never)
      .map((each) => each.trial.overrides[0]!.split('=')[1]!)
      .join('');

  it('rank by the validation, by the test without one, and equals in their order', () => {
    const validated = (accuracy: number, loss: number) => ({
      validation: { accuracy, loss },
      testAccuracy: 1 - accuracy,
      testLoss: 1,
    });
    const states = [
      state('k=a', validated(0.5, 2)),
      state('k=b', validated(0.75, 3)),
      state('k=c'),
      state('k=d', validated(0.5, 2)),
      state('k=e', validated(NaN, NaN)),
      state('k=f', { validation: null, testAccuracy: 0.9, testLoss: 1 }),
    ];
    expect(order(states, { metric: 'accuracy' })).toBe('fbadce');
    expect(order(states, { metric: 'accuracy', mode: 'min' })).toBe('adbfce');
    expect(order(states, { metric: 'loss' })).toBe('fadbce');
  });

  it('name the keys that vary, which may hold equals signs', () => {
    expect(variedKeys([trial('a=1', 'b=x=1'), trial('a=1', 'b=x=2')])).toEqual(['b']);
    expect(variedKeys([trial('a=1'), trial('a=1')])).toEqual([]);
    const failed = tableText([state('a=1', undefined, { status: 'failed', message: 'one\ntwo' })]);
    expect(failed).toMatch(/ failed:\n {2}one\n {2}two$/);
  });
});
