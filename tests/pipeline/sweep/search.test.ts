import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfiguration, parseConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { applyOverrides } from '../../../src/pipeline/config/overrides.ts';
import type { RunSummary } from '../../../src/pipeline/runs/summary.ts';
import { type Overrides, parseAxes, randomTrial } from '../../../src/pipeline/sweep/axes.ts';
import { SweepHistory, withHistory } from '../../../src/pipeline/sweep/search/history.ts';
import { searchSource } from '../../../src/pipeline/sweep/search/searchSource.ts';
import { type Known, type Observation, suggest } from '../../../src/pipeline/sweep/search/tpe.ts';
import { makeSweepFolder, runSweep, type SweepResult } from '../../../src/pipeline/sweep/sweep.ts';
import { makeTrial, prepareTrial, type Trial } from '../../../src/pipeline/sweep/trial.ts';
import { temporaryFolder } from '../files/disks.ts';

const AXES = [
  'optimizer.lr=log(1e-5,1)',
  'model.dropout=uniform(0,0.9)',
  'train.epochs=int(1,9)',
  'seed=1,2,3,4',
];
const OPTIONS = { seed: 3, startupTrials: 10 };

const numberOf = (overrides: Overrides, key: string): number =>
  Number(overrides.find((text) => text.startsWith(`${key}=`))!.slice(key.length + 1));

/** A loss whose least is at a rate of 0.01, no dropout, 5 epochs and seed 3. */
function lossOf(overrides: Overrides): number {
  const seed = numberOf(overrides, 'seed') === 3 ? 0 : 1;
  return (
    (Math.log10(numberOf(overrides, 'optimizer.lr')) + 2) ** 2 +
    numberOf(overrides, 'model.dropout') +
    0.1 * Math.abs(numberOf(overrides, 'train.epochs') - 5) +
    seed
  );
}

describe('the suggestions of tpe', () => {
  const axes = parseAxes(AXES);

  /** The losses of a search, one trial after the other. */
  function search(seed: number, trials: number, isRandom = false): number[] {
    const ended: Observation[] = [];
    for (let number = 0; number < trials; number++) {
      const overrides = isRandom
        ? randomTrial(axes, seed, number)
        : suggest(axes, number, 0, { ended, pending: [] }, { seed, startupTrials: 10 });
      ended.push({ overrides, score: -lossOf(overrides) });
    }
    return ended.map(({ score }) => -score);
  }

  it('are a function of the seed and of what is known', () => {
    const ended = Array.from({ length: 12 }, (_, trial) => {
      const overrides = randomTrial(axes, 7, trial);
      return { overrides, score: -lossOf(overrides) };
    });
    const known: Known = { ended, pending: [] };
    const first = suggest(axes, 12, 0, known, OPTIONS);
    expect(suggest(axes, 12, 0, known, OPTIONS)).toEqual(first);
    const others: Overrides[] = [
      suggest(axes, 13, 0, known, OPTIONS),
      suggest(axes, 12, 1, known, OPTIONS),
      suggest(axes, 12, 0, known, { ...OPTIONS, seed: 4 }),
      suggest(axes, 12, 0, { ended: ended.slice(1), pending: [] }, OPTIONS),
      suggest(axes, 12, 0, { ended, pending: [first] }, OPTIONS),
      suggest(
        axes,
        12,
        0,
        { ended: ended.map((each) => ({ ...each, score: -each.score })), pending: [] },
        OPTIONS,
      ),
    ];
    for (const other of others) expect(other).not.toEqual(first);
  });

  it('are random ones before there are results enough, and after many repetitions', () => {
    const none: Known = { ended: [], pending: [randomTrial(axes, 3, 0)] };
    expect(suggest(axes, 4, 0, none, OPTIONS)).toEqual(randomTrial(axes, 3, 4));
    const ended = Array.from({ length: 10 }, (_, trial) => ({
      overrides: randomTrial(axes, 3, trial),
      score: 1,
    }));
    expect(suggest(axes, 10, 0, { ended, pending: [] }, OPTIONS)).not.toEqual(randomTrial(axes, 3, 10));
    expect(suggest(axes, 10, 20, { ended, pending: [] }, OPTIONS)).toEqual(
      randomTrial(axes, 3, 10 + 20 * 2 ** 20),
    );
  });

  it('find better trials than random draws, for each of eight seeds', () => {
    const half = (losses: number[]): number => {
      const late = losses.slice(30);
      return late.reduce((sum, loss) => sum + loss, 0) / late.length;
    };
    for (let seed = 0; seed < 8; seed++) {
      const [tpe, random] = [search(seed, 60), search(seed, 60, true)];
      expect(tpe.slice(0, 10)).toEqual(random.slice(0, 10));
      expect(half(tpe)).toBeLessThan(0.6 * half(random));
      expect(Math.min(...tpe)).toBeLessThan(Math.min(...random));
    }
  });

  it('avoid what failed, and learn from failures alone', () => {
    const one = parseAxes(['optimizer.lr=log(1e-4,1)']);
    const ended = Array.from({ length: 30 }, (_, trial) => {
      const overrides = randomTrial(one, 1, trial);
      return { overrides, score: numberOf(overrides, 'optimizer.lr') > 0.01 ? -Infinity : -1 };
    });
    const share = (of: readonly Observation[]): number =>
      Array.from({ length: 40 }, (_, number) =>
        suggest(one, number, 0, { ended: of, pending: [] }, OPTIONS),
      ).filter((overrides) => numberOf(overrides, 'optimizer.lr') > 0.01).length;
    expect(share(ended)).toBeLessThan(4);
    expect(share(ended.filter(({ score }) => score === -Infinity))).toBeLessThan(4);
  });

  it('stay within the ranges', () => {
    const ended = Array.from({ length: 40 }, (_, trial) => {
      const overrides = randomTrial(axes, 7, trial);
      // The best trials lie at the ends.
      return { overrides, score: numberOf(overrides, 'optimizer.lr') + numberOf(overrides, 'train.epochs') };
    });
    for (let number = 0; number < 100; number++) {
      const overrides = suggest(axes, number, 0, { ended, pending: [] }, OPTIONS);
      expect(numberOf(overrides, 'optimizer.lr')).toBeGreaterThanOrEqual(1e-5);
      expect(numberOf(overrides, 'optimizer.lr')).toBeLessThanOrEqual(1);
      expect([1, 2, 3, 4, 5, 6, 7, 8, 9]).toContain(numberOf(overrides, 'train.epochs'));
      expect([1, 2, 3, 4]).toContain(numberOf(overrides, 'seed'));
    }
  });
});

interface Searched extends SweepResult {
  readonly runs: string;
  readonly ran: string[];
  readonly lines: string[];
}

interface SearchTest {
  readonly runs?: string;
  readonly texts?: string[];
  readonly total?: number;
  readonly lanes?: number;
  /** After so many trials the sweep is stopped. */
  readonly stopAfter?: number;
  readonly failing?: (overrides: Overrides) => boolean;
}

/** A search whose trials write a summary at once. */
async function searchIn({
  runs = temporaryFolder(),
  texts = AXES,
  total = 24,
  lanes = 1,
  stopAfter = Infinity,
  failing = () => false,
}: SearchTest = {}): Promise<Searched> {
  const base = { name: 'x', model: { name: 'mlp' }, optimizer: { name: 'adam' }, run: { dir: runs } };
  const make = (overrides: Overrides): Promise<Trial> => {
    const located = applyOverrides({ value: base, locate: () => undefined }, overrides);
    return Promise.resolve(makeTrial(overrides, parseConfiguration(located.value), { data: 'd', code: 'c' }));
  };
  const folder = makeSweepFolder(runs, 'search');
  const best = { metric: 'loss' } as const;
  const ran: string[] = [];
  const lines: string[] = [];
  const result = await withHistory(folder, async (history) =>
    runSweep({
      source: await searchSource({ axes: parseAxes(texts), total, lanes, best, make, history, ...OPTIONS }),
      folder,
      best,
      report: (line) => void lines.push(line),
      runner: {
        async run(trial) {
          if (ran.length >= stopAfter) return { trial, status: 'interrupted' };
          ran.push(trial.id);
          // Trials of several lanes end in another order than they begin.
          for (let turn = parseInt(trial.id[0]!, 16); turn > 0; turn--) await Promise.resolve();
          if (failing(trial.overrides)) return { trial, status: 'failed', message: 'The loss became NaN' };
          await prepareTrial(trial);
          const summary = {
            validation: { loss: lossOf(trial.overrides) },
            testLoss: 1,
            epochs: 1,
            seconds: 1,
          };
          writeFileSync(join(trial.path, 'summary.json'), JSON.stringify(summary));
          return { trial, status: 'finished', summary: summary as RunSummary };
        },
        close: () => Promise.resolve(),
      },
    }),
  );
  return { ...result, runs, ran, lines };
}

const journal = (folder: string): string => join(folder, 'journal.jsonl');
const lines = (folder: string): string[] => readFileSync(journal(folder), 'utf8').trim().split('\n');
const overridesOf = ({ states }: SweepResult): string[] =>
  states.map(({ trial }) => trial.overrides.join(' '));

describe('a search', () => {
  it('gives the same trials again, and the best first', async () => {
    const [one, other] = [await searchIn(), await searchIn()];
    expect(lines(one.folder)).toHaveLength(48);
    expect(lines(other.folder)).toEqual(lines(one.folder));
    expect(overridesOf(other)).toEqual(overridesOf(one));
    const losses = one.states.map(({ summary }) => summary!.validation!.loss);
    expect(losses).toEqual(losses.toSorted((a, b) => a - b));
    expect(one.lines[0]).toBe('24 trials, 0 of them finished before');
    expect(one.lines.at(-1)).toMatch(
      /^24\/24 {2}optimizer.lr=\S+ model.dropout=\S+ train.epochs=\d seed=\d: validation loss \d/,
    );
  });

  it('with trials at the same time can be replayed from its journal', async () => {
    const { folder } = await searchIn({ lanes: 4, total: 40 });
    const axes = parseAxes(AXES);
    const trials = new Map<string, Overrides>();
    const ended = new Map<string, Observation>();
    let atOnce = 0;
    for (const line of lines(folder)) {
      const record = JSON.parse(line) as { kind: string; id: string; overrides: string[]; value: number };
      if (record.kind === 'result') {
        ended.set(record.id, { overrides: trials.get(record.id)!, score: -record.value });
        continue;
      }
      const pending = [...trials].filter(([id]) => !ended.has(id)).map(([, overrides]) => overrides);
      const known = { ended: [...ended.values()], pending };
      expect(suggest(axes, trials.size, 0, known, OPTIONS)).toEqual(record.overrides);
      trials.set(record.id, record.overrides);
      atOnce = Math.max(atOnce, pending.length + 1);
    }
    expect(atOnce).toBe(4);
    expect(trials.size).toBe(40);
  });

  it('that was stopped goes on as if it had never been, also after a crash within a line', async () => {
    const whole = await searchIn();
    const first = await searchIn({ stopAfter: 13 });
    expect(first.states.map(({ status }) => status).filter((status) => status === 'finished')).toHaveLength(
      13,
    );
    appendFileSync(journal(first.folder), '{"kind":"tri');
    const second = await searchIn({ runs: first.runs, stopAfter: 4 });
    expect(second.lines[0]).toBe('24 trials, 13 of them finished before');
    const third = await searchIn({ runs: first.runs });
    expect([first.ran.length, second.ran.length, third.ran.length]).toEqual([13, 4, 7]);
    expect(lines(third.folder)).toEqual(lines(whole.folder));
    expect(overridesOf(third)).toEqual(overridesOf(whole));
    // More trials continue the same search.
    const more = await searchIn({ runs: first.runs, total: 30 });
    expect(more.ran).toHaveLength(6);
    expect(lines(more.folder).slice(0, 48)).toEqual(lines(whole.folder));
    const fewer = await searchIn({ runs: first.runs, total: 5 });
    expect(fewer.states).toHaveLength(30);
  });

  it('runs failed trials again, and those whose run is gone', async () => {
    const failing = (overrides: Overrides): boolean => numberOf(overrides, 'optimizer.lr') > 0.1;
    const first = await searchIn({ failing });
    const failed = first.states.filter(({ status }) => status === 'failed');
    expect(failed.length).toBeGreaterThan(0);
    expect(lines(first.folder).filter((line) => line.includes('"value":null'))).toHaveLength(failed.length);
    expect(first.states.at(-1)).toMatchObject({ status: 'failed' });
    const second = await searchIn({ runs: first.runs });
    expect(second.ran.toSorted()).toEqual(failed.map(({ trial }) => trial.id).toSorted());
    expect(second.states.every(({ status }) => status === 'finished')).toBe(true);
  });

  it('ends where all trials were tried', async () => {
    const { states, ran } = await searchIn({
      texts: ['optimizer.lr=1e-3,1e-2', 'model.dropout=0', 'train.epochs=1', 'seed=1,2'],
      total: 50,
      lanes: 3,
    });
    expect(states).toHaveLength(4);
    expect(new Set(ran).size).toBe(4);
  });

  it('is of one process at a time', async () => {
    const folder = makeSweepFolder(temporaryFolder(), 'search');
    await withHistory(folder, async () => {
      await expect(withHistory(folder, () => Promise.resolve())).rejects.toThrow('is at work on it');
    });
    await withHistory(folder, () => Promise.resolve());
  });

  it.each([
    ['{"kind":"trial"}', ':2: is not a record of a sweep'],
    ['not JSON', ':2: is not a record of a sweep'],
    ['{"kind":"result","id":"0123456789abcdef","value":"NaN"}', ':2: is not a record of a sweep'],
    ['{"kind":"result","id":"0123456789abcdef","value":1}', ':2: names a trial that was not planned'],
    ['FIRST', ':2: names a trial that was planned before'],
    ['RUNG\nRUNG', ':3: names a rung that the trial had reached before'],
  ])('refuses a journal with the line %s', async (line, message) => {
    const { folder } = await searchIn({ total: 1 });
    const [first] = lines(folder);
    const { id } = JSON.parse(first!) as { id: string };
    const rung = JSON.stringify({ kind: 'rung', id, epoch: 1, value: 0.5, goesOn: true });
    writeFileSync(journal(folder), `${first!}\n${line.replace('FIRST', first!).replaceAll('RUNG', rung)}\n`);
    expect(() => new SweepHistory(journal(folder))).toThrow(message);
    await expect(withHistory(folder, () => Promise.resolve())).rejects.toThrow(message);
    // The lock is free.
    await expect(withHistory(folder, () => Promise.resolve())).rejects.toThrow(message);
  });

  it.each([
    ['other values', (overrides: string[]) => ['optimizer.lr=0.5', ...overrides.slice(1)]],
    ['too few', () => []],
    ['another order', (overrides: string[]) => overrides.toReversed()],
  ])('refuses a journal whose trials are other ones now: %s', async (_, change) => {
    const { folder, runs, ran } = await searchIn({ total: 12 });
    const [first, ...rest] = lines(folder);
    const record = JSON.parse(first!) as { overrides: string[] };
    const changed = { ...record, overrides: change(record.overrides) };
    const text = [JSON.stringify(changed), ...rest, ''].join('\n');
    writeFileSync(journal(folder), text);
    await expect(searchIn({ runs, total: 14 })).rejects.toThrow(`planned trial ${ran[0]!} as`);
    expect(readFileSync(journal(folder), 'utf8')).toBe(text);
  });
});

describe('sweep in a configuration', () => {
  it('has defaults, and no part in a trial', () => {
    const configuration = loadConfiguration('configs/mlp.yaml', ['sweep={search: tpe, trials: 20}']);
    expect(configuration.sweep).toEqual({ axes: [], search: 'tpe', trials: 20, startupTrials: 10 });
    const versions = { data: 'd', code: 'c' };
    const trial = makeTrial([], configuration, versions);
    expect(trial.configuration).not.toHaveProperty('sweep');
    expect(trial.id).toBe(makeTrial([], loadConfiguration('configs/mlp.yaml'), versions).id);
  });

  it.each([
    ['{search: bayes, trials: 3}', 'sweep.search', 'grid | random | tpe'],
    ['{search: tpe}', 'sweep.trials', 'a whole number ≥ 1 with search random or tpe'],
    ['{search: tpe, trials: 0}', 'sweep.trials', 'whole number ≥ 1'],
    ['{search: tpe, trials: .nan}', 'sweep.trials', 'whole number ≥ 1'],
    ['{search: tpe, trials: .inf}', 'sweep.trials', 'whole number ≥ 1'],
    ['{search: tpe, trials: 1e9}', 'sweep.trials', '≤ 999999'],
    ['{trials: 3}', 'sweep.trials', 'nothing with grid'],
    ['{search: tpe, trials: 3, startupTrials: -1}', 'sweep.startupTrials', 'whole number ≥ 1'],
    ['{search: tpe, trials: 3, seed: 0.5}', 'sweep.seed', 'whole number ≥ 0'],
    ['{search: tpe, trials: 3, parallel: .nan}', 'sweep.parallel', 'whole number ≥ 1'],
    ['{axes: optimizer.lr=1}', 'sweep.axes', 'list'],
    ['{axes: [3]}', 'sweep.axes.0', 'string'],
    ['{serach: tpe}', 'sweep.serach', 'did you mean sweep.search?'],
    ['5', 'sweep', 'a section with axes, search'],
  ])('refuses %s', (text, key, takes) => {
    const load = () => loadConfiguration('configs/mlp.yaml', [`sweep=${text}`]);
    expect(load).toThrow(key);
    expect(load).toThrow(takes);
  });
});
