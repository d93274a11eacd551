import { mkdirSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRunFacts, readRuns, type RunFacts } from '../../../src/pipeline/runs/facts.ts';
import { filterRuns } from '../../../src/pipeline/runs/filter.ts';
import { readLabels, writeLabels } from '../../../src/pipeline/runs/labels.ts';
import { listText, sortRuns } from '../../../src/pipeline/runs/list.ts';
import { UsageError } from '../../../src/pipeline/text/didYouMean.ts';
import { temporaryFolder } from '../files/disks.ts';
import { sampleRecords, writeRun } from '../tracking/fixture.ts';

const [A, B, C] = ['20261124-134455-small', '20261124-140000-small', '20261124-150000-small'];

/** Two runs of 75 % (A on three epochs, C on one), and one that was interrupted at 25 %. */
let runs: RunFacts[];
beforeEach(async () => {
  const root = temporaryFolder();
  writeRun(root, A, sampleRecords(3), { lr: 0.01, tags: ['baseline'] });
  writeRun(root, B, sampleRecords(1).slice(0, 3), { lr: 0.5 });
  writeRun(root, C, sampleRecords(1), { lr: 0.1, tags: ['baseline', 'short'] });
  runs = await readRuns(root);
});

describe('filterRuns', () => {
  it.each([
    ['optimizer.lr=0.01', [A]],
    ['optimizer.lr=1e-2', [A]],
    ['optimizer.lr!=0.01', [B, C]],
    ['optimizer.lr<0.5', [A, C]],
    ['optimizer.lr<=0.5', [A, B, C]],
    ['optimizer.lr>0.1', [B]],
    ['optimizer.lr>=0.1', [B, C]],
    ['accuracy>=0.75', [A, C]],
    ['accuracy>=75%', [A, C]],
    ['accuracy<75 %', [B]],
    ['status=interrupted', [B]],
    ['status!=finished,optimizer.lr=0.5', [B]],
    ['tag=baseline', [A, C]],
    ['tag=baseline,tag!=short', [A]],
    ['id~15000', [C]],
    ['optimizer.betas=[0.9, 0.999],epochs=3', [A]],
    ['epochs>3', []],
  ])('%s', (text, ids) => {
    expect(filterRuns(runs, text).map(({ id }) => id)).toEqual(ids);
  });

  it.each([
    ['optimizer.rl=1', 'Did you mean optimizer.lr?'],
    ['accuracy', "--where takes key=value, also with !=, <, <=, >, >= and ~ (contains), separated by commas; got 'accuracy'"],
    ['accuracy=', '--where takes'],
    ['accuracy>abc', '--where takes a number after >'],
    ['accuracy<=x%', '--where takes a number after <='],
    ['accuracy>0.1,', '--where takes'],
  ])('refuses %s', (text, message) => {
    expect(() => filterRuns(runs, text)).toThrow(UsageError);
    expect(() => filterRuns(runs, text)).toThrow(message);
  });
});

describe('sortRuns', () => {
  it.each([
    ['accuracy', false, [A, C, B]],
    ['accuracy', true, [B, A, C]],
    ['id', false, [A, B, C]],
    ['optimizer.lr', false, [A, C, B]],
    ['optimizer.lr', true, [B, C, A]],
  ])('%s, reverse: %s', (key, reverse, ids) => {
    expect(sortRuns(runs, key, reverse).map(({ id }) => id)).toEqual(ids);
  });
});

describe('listText', () => {
  it('fits the terminal: the device goes first, then the ends of lines', () => {
    const wide = listText(runs);
    expect(wide.split('\n')[0]).toMatch(/^run +status +accuracy +epochs +time +tags +differs in +device$/);
    const narrow = listText(runs, 110).split('\n');
    expect(narrow[0]).toMatch(/tags +differs in$/);
    expect(Math.max(...narrow.map(({ length }) => length))).toBeLessThanOrEqual(110);
    const [header, first] = listText(runs, 60).split('\n');
    expect(header).toMatch(/^run +status +accuracy +e…$/);
    expect(first).toHaveLength(60);
  });
});

describe('labels of a run', () => {
  it('are those of the configuration until they are changed', async () => {
    const root = temporaryFolder();
    const { path } = writeRun(root, A, sampleRecords(1), { tags: ['baseline'] });
    expect(await readRunFacts(path)).toMatchObject({ tags: ['baseline'], notes: '' });
    await writeLabels(path, { tags: ['b', 'a', 'b'], notes: 'much\nnoise' });
    expect(await readRunFacts(path)).toMatchObject({ tags: ['a', 'b'], notes: 'much\nnoise', faults: [] });
    await expect(writeLabels(path, { tags: ['a b'], notes: '' })).rejects.toThrow("got 'a b'");
    expect(await readLabels(path, { tags: [], notes: '' })).toEqual({ tags: ['a', 'b'], notes: 'much\nnoise' });
  });

  it('that cannot be read are a fault of the run, not of the list', async () => {
    const root = temporaryFolder();
    const { path } = writeRun(root, A, sampleRecords(1), { tags: ['baseline'] });
    mkdirSync(`${path}/labels.json`);
    const facts = await readRunFacts(path);
    expect(facts.tags).toEqual(['baseline']);
    expect(facts.faults.join()).toContain('labels.json');
  });
});
