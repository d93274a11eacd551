import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import type { TrackerName } from '../../../src/pipeline/config/configuration.ts';
import {
  countConfusions,
  histogramOf,
  parameterHistograms,
} from '../../../src/pipeline/tracking/insights.ts';
import { isMetrics } from '../../../src/pipeline/runs/journal/records.ts';
import { type JournalRecord, readRecords } from '../../../src/pipeline/runs/journal/journal.ts';
import { lockFolder } from '../../../src/pipeline/files/lock.ts';
import { evaluate } from '../../../src/pipeline/training/evaluate.ts';
import { classification } from '../../../src/pipeline/training/tasks.ts';
import { syncRun } from '../../../src/pipeline/tracking/sync.ts';
import { trackRun } from '../../../src/pipeline/tracking/trackRun.ts';
import { manualSeed, open, setDefaultDevice } from '../../../src/index.ts';
import { buildModel } from '../../../src/pipeline/models/buildModel.ts';
import { temporaryFolder } from '../files/disks.ts';
import { smallDatasets } from '../training/trainingFixture.ts';
import { ID, sampleRecords, writeRun } from './fixture.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The sample's metrics: without pictures, which would need the data set. */
const metrics: JournalRecord[] = sampleRecords(2).filter(isMetrics);

function emptyRun(...tracking: TrackerName[]): string {
  return writeRun(temporaryFolder(), ID, [], { tracking }).path;
}

describe('trackRun', () => {
  it('does not take a name of Databricks for a folder', async () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', 'databricks');
    const warnings: string[] = [];
    await trackRun(emptyRun('mlflow'), (text) => warnings.push(text));
    expect(warnings.join()).toContain('MLFLOW_TRACKING_URI=databricks is not supported');
    expect(existsSync('databricks')).toBe(false);
  });

  it('lets a training end well when a tracker fails, and replays the journal into it later', async () => {
    const path = emptyRun('tensorboard', 'csv', 'mlflow');
    vi.stubEnv('MLFLOW_TRACKING_URI', 'sqlite:///mlflow.db');
    // A file where TensorBoard's folder should be.
    writeFileSync(join(path, 'tensorboard'), '');
    const warnings: string[] = [];
    const { journal, end } = await trackRun(path, (text) => warnings.push(text));
    for (const record of metrics) journal.append(record);
    await end('finished');
    expect(warnings).toHaveLength(2);
    expect(warnings.join()).toMatch(/tensorboard: [^]*src\/runs\.ts sync \S+\/20261124-134455-small/);
    expect(warnings.join()).toContain('got one that begins with sqlite:');
    expect(readRecords(join(path, 'metrics.jsonl')).at(-1)).toMatchObject({
      kind: 'end',
      status: 'finished',
    });
    const csv = readFileSync(join(path, 'metrics.csv'), 'utf8');
    expect(csv.trim().split('\n')).toHaveLength(1 + 2 * metrics.length);
    expect(await syncRun(path, ['csv', 'tensorboard'], () => undefined)).toEqual(['csv', 'tensorboard']);
    expect(readFileSync(join(path, 'metrics.csv'), 'utf8')).toBe(csv);
  });

  it('refuses to replay a run that is under way', async () => {
    const path = emptyRun('csv');
    const unlock = await lockFolder(path);
    await expect(syncRun(path, undefined, () => undefined)).rejects.toThrow(/metrics|process|under way|use/);
    await unlock();
  });
});

describe('what trackers show beyond metrics', () => {
  it('counts what the model takes images for, as the evaluation does', async () => {
    const device = await open('cpu');
    setDefaultDevice(device);
    manualSeed(1);
    const model = buildModel({ name: 'mlp', hidden: [16], dropout: 0.5 }, FASHION_MNIST_DESCRIPTION);
    const { validation } = smallDatasets(device);
    const { confusion, wrong } = await countConfusions(model, validation);
    const { accuracy } = await evaluate(classification, model, validation);
    const hits = confusion.reduce((sum, row, actual) => sum + row[actual]!, 0);
    expect(confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(100);
    expect(hits).toBeCloseTo(100 * accuracy, 9);
    expect(wrong).toHaveLength(Math.min(24, 100 - hits));
    for (const { row, actual, predicted } of wrong) {
      expect(row % 10).toBe(actual);
      expect(predicted).not.toBe(actual);
    }
    expect(model.training).toBe(true);

    const histograms = await parameterHistograms(model);
    expect(Object.keys(histograms)).toEqual(model.namedParameters().map(([name]) => name));
    const total = Object.values(histograms).flatMap(({ counts }) => counts);
    expect(total.reduce((sum, count) => sum + count, 0)).toBe(model.parameterCount());
  });

  it('puts values in buckets of equal width', () => {
    const { counts, ...sums } = histogramOf([0, 0.5, 30, NaN, 29.5, Infinity, 15])!;
    expect(sums).toEqual({ min: 0, max: 30, sum: 75, sumSquares: 0.25 + 900 + 870.25 + 225 });
    expect(counts).toHaveLength(30);
    expect([counts[0], counts[15], counts[29]]).toEqual([2, 1, 2]);
    expect(histogramOf([3, 3])!.counts[0]).toBe(2);
    expect(histogramOf([NaN])).toBeUndefined();
  });
});
