import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { histogramOf } from '../../../src/pipeline/tracking/insights.ts';
import {
  experimentName,
  labelTags,
  metricsOf,
  paramsOf,
  tagsOf,
} from '../../../src/pipeline/tracking/mlflow/run.ts';
import { MlflowClient, MlflowError } from '../../../src/pipeline/tracking/mlflow/client.ts';
import { readState, writeState } from '../../../src/pipeline/tracking/mlflow/state.ts';
import { openMlflow } from '../../../src/pipeline/tracking/mlflow/mlflow.ts';
import { temporaryFolder } from '../files/disks.ts';
import { sampleRun, STARTED } from './fixture.ts';

describe('trackers', () => {
  it('count finite values in 30 buckets of equal width', () => {
    const counts = (...filled: [number, number][]): number[] => {
      const all = new Array<number>(30).fill(0);
      for (const [at, count] of filled) all[at] = count;
      return all;
    };
    expect(histogramOf([0, 30, 1, NaN, Infinity, 29.9])).toEqual({
      min: 0,
      max: 30,
      sum: 60.9,
      sumSquares: 900 + 1 + 29.9 * 29.9,
      counts: counts([0, 1], [1, 1], [29, 2]),
    });
    expect(histogramOf([5, 5])).toEqual({ min: 5, max: 5, sum: 10, sumSquares: 50, counts: counts([0, 2]) });
    expect(histogramOf([-1])).toMatchObject({ min: -1, max: -1, sum: -1 });
    expect(histogramOf([NaN, -Infinity])).toBeUndefined();
    expect(histogramOf([])).toBeUndefined();
  });

  it('send MLflow what it takes', () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('MLFLOW_EXPERIMENT_NAME', '');
    const run = sampleRun();
    expect(experimentName(run)).toBe('small');
    vi.stubEnv('MLFLOW_EXPERIMENT_NAME', 'mine');
    expect(experimentName(run)).toBe('mine');
    const params = new Map(paramsOf(run).map(({ key, value }) => [key, value]));
    expect([params.get('optimizer.lr'), params.get('optimizer.betas'), params.get('model.name')]).toEqual([
      '0.01',
      '[0.9,0.999]',
      'mlp',
    ]);
    expect([...params.keys()].filter((key) => key.startsWith('run.'))).toEqual(['run.dir']);
    const long = { ...run, configuration: { ...run.configuration, init: 'ä'.repeat(4000) } };
    const init = paramsOf(long).find(({ key }) => key === 'init')!.value;
    expect([init, Buffer.byteLength(init)]).toEqual(['ä'.repeat(2998), 5996]);
    const fits = { ...run, configuration: { ...run.configuration, init: 'ä'.repeat(3000) } };
    expect(paramsOf(fits).find(({ key }) => key === 'init')!.value).toHaveLength(3000);
    expect(labelTags({ ...run, labels: { tags: ['a'], notes: 'n'.repeat(8001) } })).toEqual([
      { key: 'a', value: 'true' },
      { key: 'mlflow.note.content', value: 'n'.repeat(7997) },
    ]);
    expect(labelTags({ ...run, labels: { tags: [], notes: '' } })).toEqual([]);
    const keys = (environment: object) =>
      tagsOf({ ...run, environment: environment as never }).map(({ key }) => key);
    expect(keys({ git: { commit: 'c' } })).toContain('mlflow.source.git.commit');
    expect(keys({ git: null })).not.toContain('mlflow.source.git.commit');
    expect(metricsOf(run, { kind: 'test', epoch: 1, step: 7, metrics: { loss: NaN } })).toEqual([
      { key: 'test/loss', value: NaN, timestamp: STARTED, step: 7 },
    ]);
    expect(metricsOf(run, { kind: 'end', epoch: 1, step: 7, status: 'failed' })).toEqual([]);
  });

  it('try again after answers that may change', () => {
    const passing = [0, 408, 429, 500, 503].map((status) => new MlflowError('', status).passing);
    const lasting = [400, 401, 404, 409, 428, 430, 499].map((status) => new MlflowError('', status).passing);
    expect([new Set(passing), new Set(lasting)]).toEqual([new Set([true]), new Set([false])]);
  });

  it('keep credentials out of the address', () => {
    const options = { timeout: 1, signal: new AbortController().signal };
    expect(new MlflowClient('http://user:secret@host:5000/mlflow//?a=b#c', options).base).toBe(
      'http://host:5000/mlflow',
    );
    expect(() => new MlflowClient('no address', options)).toThrow('MLFLOW_TRACKING_URI is no valid address');
  });

  it('forget what another server has confirmed', async () => {
    const folder = temporaryFolder();
    const state = {
      server: 'http://a',
      described: true,
      steps: { 'train/loss': 3 },
      pictures: ['p'],
      runId: 'r',
    };
    await writeState(folder, state);
    expect(await readState(folder, 'http://a')).toEqual(state);
    expect(await readState(folder, 'http://b')).toEqual({
      server: 'http://b',
      described: false,
      steps: {},
      pictures: [],
    });
    writeFileSync(join(folder, 'mlflow.json'), '{"server":"http://a"}');
    expect(await readState(folder, 'http://a')).toEqual({
      server: 'http://a',
      described: false,
      steps: {},
      pictures: [],
    });
  });

  it.each(['databricks', 'databricks-uc', 'uc', 'ftp://host', 'sqlite:///x.db'])(
    'do not write to %s',
    async (uri) => {
      onTestFinished(() => void vi.unstubAllEnvs());
      vi.stubEnv('MLFLOW_TRACKING_URI', uri);
      await expect(openMlflow(sampleRun(), [], false)).rejects.toThrow('MLFLOW_TRACKING_URI');
    },
  );
});
