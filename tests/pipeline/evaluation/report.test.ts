import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dvcMetrics } from '../../../src/pipeline/evaluation/report/metricsFile.ts';
import { readEvaluation, writeEvaluation } from '../../../src/pipeline/evaluation/report/report.ts';
import { formatEvaluation } from '../../../src/pipeline/evaluation/report/text.ts';
import { temporaryFolder } from '../files/disks.ts';
import { sampleReport } from './sampleReport.ts';

describe('evaluation.json', () => {
  it('is read as it was written', async () => {
    const path = await writeEvaluation(temporaryFolder(), sampleReport);
    expect(await readEvaluation(path)).toEqual(sampleReport);
  });

  it('may hold keys that a later version added', async () => {
    const path = join(temporaryFolder(), 'evaluation.json');
    writeFileSync(path, JSON.stringify({ ...sampleReport, auroc: 0.9 }));
    expect(await readEvaluation(path)).toEqual(sampleReport);
  });

  it.each([
    ['no JSON', '{"version": 1', 'is not JSON'],
    ['another version', JSON.stringify({ ...sampleReport, version: 2 }), 'at version'],
    ['a missing key', JSON.stringify({ ...sampleReport, accuracy: undefined }), 'at accuracy'],
    ['a share above one', JSON.stringify({ ...sampleReport, accuracy: 1.5 }), 'at accuracy'],
    ['a number that is none', JSON.stringify({ ...sampleReport, loss: NaN }), 'at loss'],
    ['a confusion that does not fit', JSON.stringify({ ...sampleReport, confusion: [[1]] }), 'at confusion'],
    [
      'a mistake of no class',
      JSON.stringify({ ...sampleReport, mistakes: [{ ...sampleReport.mistakes[0], label: 9 }] }),
      'at mistakes',
    ],
    ['a hash that is none', JSON.stringify({ ...sampleReport, weightsSha256: 'x' }), 'at weightsSha256'],
    ['a list', '[]', 'is not a record of an evaluation'],
    ['nothing', 'null', 'is not a record of an evaluation'],
  ])('is refused with %s', async (_, text, expected) => {
    const path = join(temporaryFolder(), 'evaluation.json');
    writeFileSync(path, text);
    await expect(readEvaluation(path)).rejects.toThrow(expected);
    await expect(readEvaluation(path)).rejects.toThrow(path);
  });

  it('is refused unread when it is huge, a folder, or not there', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'evaluation.json');
    await expect(readEvaluation(path)).rejects.toThrow('no such file');
    await expect(readEvaluation(folder)).rejects.toThrow('it is not a regular file');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 40);
    await expect(readEvaluation(path)).rejects.toThrow('too large');
  });
});

it('DVC gets numbers only, nested', () => {
  const metrics = dvcMetrics(sampleReport);
  const visit = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
    else expect(typeof value).toBe('number');
  };
  visit(metrics);
  expect(metrics).toMatchObject({ accuracy: 0.75, macro: { f1: 0.75 }, f1: { cat: 0.75 } });
});

it('the text has the numbers, and robustness and comparison where they were measured', () => {
  expect(formatEvaluation(sampleReport)).toContain('75.00 %, 95 % confidence interval 41.00 % to 93.00 %');
  expect(formatEvaluation(sampleReport)).not.toContain('corrupt');
  const text = formatEvaluation({
    ...sampleReport,
    robustness: {
      images: 8,
      seed: 0,
      perCorruption: [{ corruption: 'fog', accuracy: [0.5, 0.25], error: 0.625 }],
      meanCorruptionError: 0.625,
    },
    comparison: {
      run: 'other',
      weightsSha256: 'b'.repeat(64),
      images: 8,
      bothRight: 4,
      onlyFirst: 2,
      onlyOther: 1,
      bothWrong: 1,
      difference: 0.125,
      differenceInterval: [-0.3, 0.55],
      exactP: 1,
      chiSquared: 0,
      chiSquaredP: 1e-20,
    },
  });
  expect(text).toMatch(/fog +50\.00 +25\.00 +62\.50 %/);
  expect(text).toContain('+12.50 points, 95 % confidence interval -30.00 to +55.00');
  expect(text).toContain('p < 1e-15');
});
