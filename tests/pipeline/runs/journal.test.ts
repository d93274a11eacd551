import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../../src/pipeline/files/fileError.ts';
import { openJournal, readJournal, rewindJournal } from '../../../src/pipeline/runs/journal/journal.ts';
import type { MetricsRecord } from '../../../src/pipeline/runs/journal/journal.ts';
import { mountTmpfs, temporaryFolder } from '../files/disks.ts';

function record(step: number, loss = 0.5): MetricsRecord {
  return { kind: 'train', epoch: 1, step, metrics: { loss, accuracy: 0.25 } };
}

function written(...records: MetricsRecord[]): string {
  const path = join(temporaryFolder(), 'metrics.jsonl');
  const journal = openJournal(path);
  for (const one of records) journal.append(one);
  journal.close();
  return path;
}

describe('journal', () => {
  it('gives back what was written, NaN and the infinities included', () => {
    const records = [record(1), record(2, NaN), record(3, Infinity), record(4, -Infinity)];
    const path = written(...records);
    expect(readJournal(path)).toEqual(records);
    expect(readFileSync(path, 'utf8').split('\n')[1]).toBe(
      '{"kind":"train","epoch":1,"step":2,"metrics":{"loss":"NaN","accuracy":0.25}}',
    );
  });

  it('appends to what is there, and can be read while open', () => {
    const path = written(record(1));
    const journal = openJournal(path);
    journal.append(record(2));
    expect(readJournal(path)).toEqual([record(1), record(2)]);
    journal.close();
  });

  it('survives being cut anywhere: whole lines are read, and appending goes on after them', () => {
    const path = written(record(1), record(2), record(3));
    const whole = readFileSync(path);
    fc.assert(
      fc.property(fc.nat({ max: whole.length }), (length) => {
        const torn = whole.subarray(0, length);
        writeFileSync(path, torn);
        const lines = torn.toString().split('\n').length - 1;
        const kept = [record(1), record(2), record(3)].slice(0, lines);
        expect(readJournal(path)).toEqual(kept);
        const journal = openJournal(path);
        journal.append(record(9));
        journal.close();
        expect(readJournal(path)).toEqual([...kept, record(9)]);
      }),
    );
  });

  it.each([
    ['garbage', 'garbage'],
    ['an empty line', ''],
    ['another object', '{"step":1}'],
    ['an unknown kind', '{"kind":"x","epoch":1,"step":2,"metrics":{}}'],
    ['a step that is no count', '{"kind":"train","epoch":1,"step":-2,"metrics":{}}'],
    ['a metric that is no number', '{"kind":"train","epoch":1,"step":2,"metrics":{"loss":null}}'],
    ['an unknown key', '{"kind":"train","epoch":1,"step":2,"metrics":{},"x":1}'],
  ])('refuses %s, naming the line', (_, line) => {
    const path = written(record(1));
    writeFileSync(path, `${line}\n`, { flag: 'a' });
    expect(() => readJournal(path)).toThrow(FileError);
    expect(() => readJournal(path)).toThrow(`${path}:2: is not a metrics record: ${JSON.stringify(line)}`);
  });

  it('rewinds to a checkpoint', async () => {
    const path = written(record(1), record(2, NaN), record(3));
    await rewindJournal(path, ({ step }) => step <= 2);
    expect(readJournal(path)).toEqual([record(1), record(2, NaN)]);
  });

  it('names a file that cannot be read or opened', () => {
    const folder = temporaryFolder();
    expect(() => readJournal(join(folder, 'no'))).toThrow(/no: cannot be read: there is no such file/);
    expect(() => openJournal(join(folder, 'no', 'x'))).toThrow(
      /cannot be written: its folder does not exist/,
    );
    expect(() => openJournal(folder)).toThrow(/EISDIR/);
  });

  it('ends with a whole line when the disk is full', (context) => {
    const path = join(mountTmpfs(context, 'size=4k'), 'metrics.jsonl');
    const journal = openJournal(path);
    let steps = 0;
    const fill = (): void => {
      for (; steps < 1000; steps++) journal.append(record(steps));
    };
    expect(fill).toThrow(/metrics.jsonl: cannot be written: the disk is full/);
    journal.close();
    expect(steps).toBeGreaterThan(10);
    expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true);
    expect(readJournal(path)).toHaveLength(steps);
  });
});
