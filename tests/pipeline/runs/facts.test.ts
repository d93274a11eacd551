import { mkdirSync, promises, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { isLocked } from '../../../src/pipeline/files/lock.ts';
import { renderFigure } from '../../../src/pipeline/reporting/figures/render.ts';
import { compareFigure, compareText } from '../../../src/pipeline/runs/compare.ts';
import { isRunId, resolveRun } from '../../../src/pipeline/runs/directory.ts';
import { readRunFacts, type RunFacts } from '../../../src/pipeline/runs/facts.ts';
import { filterRuns } from '../../../src/pipeline/runs/filter.ts';
import type { JournalRecord } from '../../../src/pipeline/runs/journal/journal.ts';
import { recordSchema } from '../../../src/pipeline/runs/journal/records.ts';
import { readLabels, writeLabels } from '../../../src/pipeline/runs/labels.ts';
import { differingKeys, listText, sortRuns } from '../../../src/pipeline/runs/list.ts';
import { removableRun, removeRun } from '../../../src/pipeline/runs/remove.ts';
import { showText } from '../../../src/pipeline/runs/show.ts';
import { formatReceipt, type Receipt } from '../../../src/pipeline/runs/verification/receipt.ts';
import { readRecordedRun } from '../../../src/pipeline/runs/verification/recordedRun.ts';
import { temporaryFolder } from '../files/disks.ts';
import { ID, sampleRecords, STARTED, writeRun } from '../tracking/fixture.ts';

/** A run's folder with some records and files. */
function written(records: readonly JournalRecord[], files: Readonly<Record<string, unknown>> = {}): string {
  const { path } = writeRun(temporaryFolder(), ID, records);
  for (const [name, value] of Object.entries(files)) {
    writeFileSync(join(path, name), typeof value === 'string' ? value : JSON.stringify(value));
  }
  return path;
}

function metrics(kind: 'validation' | 'test', epoch: number, accuracy: number): JournalRecord {
  return { kind, epoch, step: 10 * epoch, metrics: { accuracy }, time: STARTED + 1000 * epoch };
}

const base: RunFacts = {
  id: 'a',
  path: 'runs/a',
  status: 'finished',
  accuracy: 0.5,
  accuracyOf: 'test',
  loss: undefined,
  lossOf: undefined,
  epochs: 3,
  seconds: 60,
  device: 'cpu',
  tags: [],
  notes: '',
  configuration: {},
  environment: {},
  summary: {},
  records: [],
  faults: [],
};

describe('facts of a run', () => {
  it('name the last test; without one, the best validation', async () => {
    const validated = [metrics('validation', 1, 0.5), metrics('validation', 2, 0.75), metrics('validation', 3, 0.6)];
    expect(await readRunFacts(written(validated))).toMatchObject({
      accuracy: 0.75,
      accuracyOf: 'validation',
      epochs: 3,
    });
    const tested = [...validated, metrics('test', 3, 0.4), metrics('test', 4, 0.3)];
    expect(await readRunFacts(written(tested))).toMatchObject({ accuracy: 0.3, accuracyOf: 'test', epochs: 3 });
    const losses = (kind: 'validation' | 'test', epoch: number, loss: number): JournalRecord => ({
      kind,
      epoch,
      step: 10 * epoch,
      metrics: { loss },
    });
    const coder = [losses('validation', 1, 260), losses('validation', 2, 240), losses('validation', 3, 250)];
    expect(await readRunFacts(written(coder))).toMatchObject({ loss: 240, lossOf: 'validation', accuracy: undefined });
    coder.push(losses('test', 3, 245));
    expect(await readRunFacts(written(coder))).toMatchObject({ loss: 245, lossOf: 'test' });
    const none = await readRunFacts(written([]));
    expect([none.accuracy, none.accuracyOf, none.epochs, none.status]).toEqual([undefined, undefined, 0, 'interrupted']);
    expect(none.faults).toEqual([]);
  });

  it('say how the run ended: by its last record, or by its summary', async () => {
    const end = (status: 'finished' | 'interrupted' | 'failed'): JournalRecord => ({ kind: 'end', epoch: 1, step: 1, status });
    for (const status of ['finished', 'interrupted', 'failed'] as const) {
      expect((await readRunFacts(written([metrics('test', 1, 1), end(status)]))).status).toBe(status);
    }
    // It went on after its end.
    expect((await readRunFacts(written([end('failed'), metrics('test', 1, 1)]))).status).toBe('interrupted');
    const summary = { 'summary.json': { seconds: 7.5, device: 'webgpu: x' } };
    expect((await readRunFacts(written([metrics('test', 1, 1)], summary))).status).toBe('finished');
  });

  it('take time and device from the summary, else from the records, the environment and the configuration', async () => {
    const records = [metrics('validation', 2, 0.5)];
    const summary = { 'summary.json': { seconds: 7.5, device: 'webgpu: x' } };
    expect(await readRunFacts(written(records, summary))).toMatchObject({ seconds: 7.5, device: 'webgpu: x' });
    const startedAt = new Date(STARTED).toISOString();
    const adapter = { 'environment.json': { startedAt, adapter: { description: 'an adapter' } } };
    expect(await readRunFacts(written(records, adapter))).toMatchObject({ seconds: 2, device: 'an adapter' });
    const cpu = { 'environment.json': { adapter: null } };
    const facts = await readRunFacts(written(records, cpu));
    expect([facts.seconds, facts.device]).toEqual([undefined, 'auto']);
  });

  it('name what is unusable, and nothing that is only missing', async () => {
    const path = written([metrics('test', 1, 0.5)], { 'environment.json': '{', 'summary.json': '3' });
    expect((await readRunFacts(path)).faults).toEqual([
      `${join(path, 'environment.json')} is unusable`,
      `${join(path, 'summary.json')} is unusable`,
    ]);
    const broken = written([], { 'metrics.jsonl': 'no record\n' });
    expect((await readRunFacts(broken)).faults).toEqual([expect.stringContaining('metrics.jsonl:1')]);
    rmSync(join(broken, 'metrics.jsonl'));
    expect((await readRunFacts(broken)).faults).toEqual([]);
  });
});

describe('lists of runs', () => {
  const run = (id: string, others: Partial<RunFacts>): RunFacts => ({ ...base, id, ...others });
  const runs = [
    run('a', { accuracy: 0.5, seconds: 100, configuration: { lr: 0.1, name: 'x', 'run.notes': 'n' } }),
    run('b', { device: 'busy at 99%', accuracy: undefined, seconds: 20, configuration: { lr: 1e-5, name: 'y', 'run.notes': 'm' } }),
    run('c', { accuracy: 0.9, seconds: 3, configuration: { name: 'z' } }),
  ];
  const ids = (sorted: readonly RunFacts[]): string => sorted.map(({ id }) => id).join('');

  it.each([
    ['accuracy', false, 'cab'],
    ['accuracy', true, 'acb'],
    ['seconds', false, 'cba'],
    ['seconds', true, 'abc'],
    ['lr', false, 'bac'],
    ['lr', true, 'abc'],
    ['id', true, 'cba'],
    ['epochs', false, 'abc'],
    ['epochs', true, 'abc'],
    ['nothing', false, 'abc'],
  ])('by %s, reversed: %s', (key, reverse, expected) => {
    expect(ids(sortRuns(runs, key, reverse))).toBe(expected);
  });

  it('show and sort by the loss where there is no accuracy', () => {
    const coders = [250, 240].map((loss, at) =>
      run('xy'[at]!, { accuracy: undefined, accuracyOf: undefined, loss, lossOf: at === 0 ? 'test' : 'validation' }),
    );
    const lines = listText(coders).split('\n');
    expect(lines[1]).toMatch(/^x +finished +loss 250\.0000 +3/);
    expect(lines[2]).toMatch(/^y +finished +loss 240\.0000 \(validation\) +3/);
    expect(sortRuns(coders, 'loss', false).map(({ id }) => id)).toEqual(['y', 'x']);
    expect(filterRuns(coders, 'loss<=240').map(({ id }) => id)).toEqual(['y']);
  });

  it('name the keys that differ, without names and notes', () => {
    expect(differingKeys(runs)).toEqual(['lr']);
    expect(differingKeys([runs[0]!])).toEqual([]);
    const validated = run('d', { accuracyOf: 'validation', device: 'd'.repeat(33), configuration: { lr: 3 } });
    expect(listText([...runs, validated]).split('\n').map((line) => line.trimEnd())).toEqual([
      'run  status    accuracy              epochs  time  differs in  device',
      'a    finished  50.00 %               3       1:40  lr=0.1      cpu',
      'b    finished  –                     3       0:20  lr=0.00001  busy at 99%',
      'c    finished  90.00 %               3       0:03              cpu',
      `d    finished  50.00 % (validation)  3       1:00  lr=3        ${'d'.repeat(32)}`,
    ]);
  });

  it.each([
    ['accuracy~9%', ''],
    ['id~a', 'a'],
    ['accuracy~0.9', 'c'],
    ['lr=', undefined],
    ['accuracy<=50%', 'a'],
    ['accuracy>=90 %', 'c'],
    ['seconds>20', 'a'],
    ['seconds>=20', 'ab'],
    ['seconds<20', 'c'],
    ['seconds<=20', 'bc'],
    ['lr~undefined', ''],
    // A dash stands for what is not known, in tables only.
    ['lr~–', ''],
    ['device~99%', 'b'],
    ['lr!=0.1', 'bc'],
    ['lr>0', 'ab'],
    ['id=a,seconds=100', 'a'],
    ['id=a,seconds=20', ''],
  ])('where %s', (text, expected) => {
    if (expected === undefined) expect(() => filterRuns(runs, text)).toThrow('--where takes');
    else expect(ids(filterRuns(runs, text))).toBe(expected);
  });

  it('where a list holds commas', () => {
    const listed = [run('a', { configuration: { hidden: [1, 2] } }), run('b', { configuration: { hidden: [1] } })];
    expect(ids(filterRuns(listed, 'hidden=[1,2],id=a'))).toBe('a');
    expect(ids(filterRuns(listed, 'hidden=[1]'))).toBe('b');
  });
});

describe('comparisons of runs', () => {
  const train = (step: number, epoch: number, loss: number): JournalRecord => ({ kind: 'train', epoch, step, metrics: { loss, accuracy: 0.5 } });
  const runOf = (id: string, others: Partial<RunFacts>): RunFacts => ({ ...base, id, ...others });

  it('show what differs and the results, cut to a readable width', () => {
    const text = compareText([
      runOf('a', {
        configuration: { 'model.hidden': 'x'.repeat(70), same: 1 },
        environment: { startedAt: 1, commandLine: 2, node: '20', resumed: 1 },
        records: [train(5, 1, 0.123456789), train(10, 1, 0.5)],
        tags: ['t'],
      }),
      runOf('b', {
        configuration: { 'model.hidden': [1], same: 1 },
        environment: { startedAt: 2, commandLine: 3, node: '22', resumed: 2 },
        notes: `line\n${'n'.repeat(70)}`,
      }),
    ]);
    const lines = text.split('\n').map((line) => line.trimEnd().split(/ {2,}/));
    expect(lines).toEqual([
      ['configuration', 'a', 'b'],
      ['', 'model.hidden', 'x'.repeat(60), '[1]'],
      [''],
      ['environment', 'a', 'b'],
      ['', 'node', '20', '22'],
      [''],
      ['results', 'a', 'b'],
      ['', 'status', 'finished', 'finished'],
      ['', 'tags', 't', '–'],
      ['', 'notes', '–', `line ${'n'.repeat(54)}…`],
      ['', 'accuracy', '50.00 %', '50.00 %'],
      ['', 'epochs', '3', '3'],
      ['', 'time', '1:00', '1:00'],
      ['', 'train/loss', '0.5', '–'],
      ['', 'train/accuracy', '0.5', '–'],
    ]);
    const [only] = [runOf('a', {})];
    expect(compareText([only, only])).toContain('configuration: no differences\n\nenvironment: no differences');
    expect(compareText([only, only])).not.toMatch(/tags|notes/);
  });

  it('draw the terms of an autoencoder’s loss, and a panel for each metric that a run has', () => {
    const validation: JournalRecord = {
      kind: 'validation',
      epoch: 1,
      step: 10,
      metrics: { loss: 250, reconstruction: 230, kl: 20 },
    };
    const titles = (...all: RunFacts[]): string[] =>
      (compareFigure(all) as unknown as { hconcat: { title: string }[] }).hconcat.map(({ title }) => title);
    const coder = runOf('a', { records: [validation] });
    expect(titles(coder)).toEqual(['loss (nats)', 'reconstruction (nats)', 'kl (nats)']);
    expect(titles(coder, runOf('b', { records: [metrics('test', 1, 0.5), metrics('validation', 1, 0.75)] }))).toEqual([
      'loss (nats)',
      'accuracy (share of images)',
      'reconstruction (nats)',
      'kl (nats)',
    ]);
    expect(titles(runOf('c', {}))).toEqual(['loss (nats)']);
  });

  it('are told apart by a legend whose strokes can be seen', async () => {
    const records = [train(5, 1, 2), metrics('validation', 1, 0.75)];
    const { svg } = await renderFigure(compareFigure([runOf('a', { records })]));
    const strokes = [...svg.matchAll(/legend-symbol"[^>]*><path [^>]*stroke="(\S+?)"[^>]*stroke-dasharray="(\S+?)"/g)];
    expect(strokes.map(([, colour, dashes]) => [colour, dashes])).toEqual([
      ['#444', '1,0'],
      ['#444', '4,3'],
    ]);
  });

  it('draw epochs by the steps of a whole one, finite values, and at most some 400 points with the last', () => {
    const values = (records: readonly JournalRecord[]) =>
      (compareFigure([runOf('a', { records })]) as unknown as { data: { values: Record<string, unknown>[] } }).data.values;
    // The validation says how many steps an epoch has; the training is cut off in the second.
    const cut = [train(10, 1, 2), metrics('validation', 1, 0.75), train(15, 2, NaN)];
    expect(values(cut)).toEqual([
      { run: 'a', data: 'train', metric: 'loss', epoch: 1, value: 2 },
      { run: 'a', data: 'train', metric: 'accuracy', epoch: 1, value: 0.5 },
      { run: 'a', data: 'train', metric: 'accuracy', epoch: 1.5, value: 0.5 },
      { run: 'a', data: 'validation', metric: 'accuracy', epoch: 1, value: 0.75 },
    ]);
    expect(values([train(8, 2, 1)])[0]).toMatchObject({ epoch: 2 });
    const long = Array.from({ length: 803 }, (_, at) => train(at + 1, 1, 1));
    const steps = values(long).filter(({ metric }) => metric === 'loss').map(({ epoch }) => Number(epoch) * 803);
    // Every third of 803, and the last.
    expect(steps).toHaveLength(269);
    expect([Math.round(steps[0]!), Math.round(steps[1]!), Math.round(steps.at(-1)!)]).toEqual([
      1, 4, 803,
    ]);
    expect(values(long.slice(0, 400)).filter(({ metric }) => metric === 'loss')).toHaveLength(400);
  });
});

describe('folders of runs', () => {
  it.each([
    ['20261124-134455-mlp', true],
    ['20261124-134455-mlp-2', true],
    ['mlp-d5c1a1dddddcca6c', true],
    ['mlp-d5c1a1dddddcca6', false],
    ['mlp-d5c1a1dddddcca6cc', false],
    ['mlp-D5C1A1DDDDDCCA6C', false],
    ['2026112-134455-mlp', false],
    ['20261124-134455-', false],
    ['latest', false],
    ['.20261124-134455-mlp', false],
  ])('%s is the name of a run: %s', (name, expected) => {
    expect(isRunId(name)).toBe(expected);
  });

  it('go before folders of the same name elsewhere', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'src'));
    // There is a folder src in the working directory, too.
    expect(await resolveRun(root, 'src')).toBe(join(root, 'src'));
    expect(await resolveRun(root, 'tests')).toBe(join(process.cwd(), 'tests'));
  });

  it('that are removed are runs with records, and latest stays where it leads elsewhere', async () => {
    const root = temporaryFolder();
    for (const [name, file] of [[ID, 'config.yaml'], ['20261124-140000-b', 'metrics.jsonl'], ['20261124-150000-c', 'other'], ['notes', 'config.yaml']] as const) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, file), '');
    }
    await expect(removableRun(root, '20261124-150000-c')).rejects.toThrow('is no run');
    await expect(removableRun(root, 'notes')).rejects.toThrow('is no run');
    writeFileSync(join(root, 'latest'), ID);
    await removeRun(await removableRun(root, '20261124-140000-b'));
    expect(await resolveRun(root, 'latest')).toBe(join(root, ID));
  });
});

it('a run that cannot be removed is not locked afterwards', async () => {
  const path = written(sampleRecords(1));
  const refusal = Object.assign(new Error('not now'), { code: 'EBUSY' });
  const { rename } = promises;
  vi.spyOn(promises, 'rename').mockImplementation((from, to) =>
    from === path ? Promise.reject(refusal) : rename(from, to),
  );
  // For modules that import the function by name.
  syncBuiltinESMExports();
  try {
    await expect(removeRun(path)).rejects.toThrow('cannot be written: not now (EBUSY)');
    expect(await isLocked(path)).toBe(false);
  } finally {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  }
});

describe('labels', () => {
  it('are sorted words, each once', async () => {
    const path = temporaryFolder();
    await writeLabels(path, { tags: ['b', 'a', 'b'], notes: 'n' });
    expect(await readLabels(path, { tags: [], notes: '' })).toEqual({ tags: ['a', 'b'], notes: 'n' });
    for (const tag of ['', 'two words', '.a', 'a'.repeat(51)]) {
      await expect(writeLabels(path, { tags: ['a', tag], notes: '' })).rejects.toThrow('a tag takes');
    }
  });
});

describe('records', () => {
  const parses = (record: object): boolean => recordSchema.safeParse({ epoch: 1, step: 1, ...record }).success;
  it.each([
    ['a', true],
    ['A1_-', true],
    [`a${'b'.repeat(99)}`, true],
    [`a${'b'.repeat(100)}`, false],
    ['1a', false],
    ['a/b', false],
    ['', false],
  ])('the name %s of a metric is taken: %s', (name, expected) => {
    expect(parses({ kind: 'train', metrics: { [name]: 1 } })).toBe(expected);
  });

  it.each([
    [{ kind: 'train', metrics: { loss: 'NaN' } }, true],
    [{ kind: 'train', metrics: { loss: 'Infinity' } }, true],
    [{ kind: 'train', metrics: { loss: '-Infinity' } }, true],
    [{ kind: 'train', metrics: { loss: '1' } }, false],
    [{ kind: 'train', metrics: { loss: null } }, false],
    [{ kind: 'train', metrics: {}, epoch: -1 }, false],
    [{ kind: 'train', metrics: {}, step: 0.5 }, false],
    [{ kind: 'train', metrics: {}, time: -1 }, false],
    [{ kind: 'train', metrics: {}, other: 1 }, false],
    [{ kind: 'validation', metrics: {}, weightsSha256: 'a'.repeat(64) }, true],
    [{ kind: 'validation', metrics: {}, weightsSha256: 'a'.repeat(63) }, false],
    [{ kind: 'end', status: 'finished' }, true],
    [{ kind: 'end', status: 'done' }, false],
    [{ kind: 'histograms', histograms: { w: { min: 0, max: 1, sum: 1, sumSquares: 1, counts: [1] } } }, true],
    [{ kind: 'histograms', histograms: { w: { min: 0, max: 1, sum: 1, sumSquares: 1, counts: [] } } }, false],
    [{ kind: 'predictions', confusion: [[1]], wrong: [{ row: 1, actual: 0, predicted: 1 }] }, true],
    [{ kind: 'predictions', confusion: [[-1]], wrong: [] }, false],
  ])('%j is a record: %s', (record, expected) => {
    expect(parses(record)).toBe(expected);
  });
});

describe('a verification', () => {
  const receipt: Receipt = {
    run: 'r',
    reproduced: true,
    extent: 'run',
    equalReadings: 4,
    equalSteps: 20,
    firstDifference: null,
    weightsSha256: { recorded: 'f', now: 'f' },
    environmentDifferences: [],
    environment: {} as Receipt['environment'],
  };
  const head = 'run          r\nreadings     4 equal to the last bit, up to step 20\n';
  const difference = { kind: 'train', epoch: 2, step: 30, lastEqualStep: 20, field: 'loss', recorded: 1, now: 2 } as const;

  it.each<[Partial<Receipt>, string]>([
    [{}, 'weights      equal: f\nenvironment  the same\nverdict      reproduced'],
    [
      { extent: 'part', weightsSha256: { recorded: 'f', now: null } },
      'weights      not compared: the re-execution ended before\nenvironment  the same\nverdict      reproduced as far as it was compared',
    ],
    [
      { weightsSha256: { recorded: null, now: null } },
      'weights      not compared: the run did not come to its end\nenvironment  the same\nverdict      reproduced',
    ],
    [
      {
        reproduced: false,
        firstDifference: difference,
        weightsSha256: { recorded: 'f', now: 'e' },
        environmentDifferences: [
          { field: 'node', recorded: '20', now: '22' },
          { field: 'x', recorded: undefined, now: 1 },
        ],
      },
      'difference   after step 20, seen at step 30: train loss\n             recorded 1\n             now      2\n' +
        'weights      e, recorded f\nenvironment  node: "22", recorded "20"\n             x: 1, recorded nothing\nverdict      not reproduced',
    ],
  ])('is printed: %j', (changes, text) => {
    expect(formatReceipt({ ...receipt, ...changes })).toBe(head + text);
  });

  it('compares final weights only where the run came to its end', async () => {
    for (const [stopped, expected] of [['epochs', 'f'], ['earlyStopping', 'f'], ['maxMinutes', null]] as const) {
      const path = written(sampleRecords(1), { 'summary.json': { weightsSha256: 'f', stopped } });
      expect((await readRecordedRun(path)).weightsSha256).toBe(expected);
    }
    const unfinished = await readRecordedRun(written(sampleRecords(1)));
    expect(unfinished.weightsSha256).toBeNull();
    expect(unfinished.records.map(({ kind }) => kind)).toEqual(['train', 'train', 'validation', 'test']);
  });
});

it('all that is known of a run is printed', async () => {
  const path = written(sampleRecords(1), { 'summary.json': { seconds: 61 } });
  const text = await showText({ ...(await readRunFacts(path)), tags: ['a', 'b'], notes: 'why', faults: ['f'] });
  expect(text.split('\n').slice(0, 12)).toEqual([
    `${ID}: finished, 75.00 % on test, 1 epochs, 1:01, auto`,
    'tags: a b',
    'notes: why',
    'warning: f',
    '',
    'summary',
    '  seconds: 61',
    '',
    'validation and test',
    '  data        epoch  step  accuracy  loss',
    '  validation  1      10    0.2500    NaN',
    '  test        1      10    0.7500    0.5000',
  ]);
  expect(text).toContain(`  ${join(path, 'summary.json')}`);
  expect(text).toMatch(/summary\.json +14 bytes/);
  const bare = await showText({ ...base, path: temporaryFolder(), accuracy: undefined, accuracyOf: undefined, device: undefined });
  expect(bare).toMatch(/^a: finished, – on nothing yet, 3 epochs, 1:00, device unknown\n\nfiles\n/);
});
