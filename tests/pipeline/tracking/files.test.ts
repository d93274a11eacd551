import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openCsv } from '../../../src/pipeline/tracking/csv.ts';
import { openDvclive } from '../../../src/pipeline/tracking/dvclive.ts';
import { openMlflowFiles } from '../../../src/pipeline/tracking/mlflow/fileStore.ts';
import type { OpenTracker, TrackedRun } from '../../../src/pipeline/tracking/tracker.ts';
import { temporaryFolder } from '../files/disks.ts';
import { sampleRecords, sampleRun, STARTED } from './fixture.ts';

/** Every file under a folder, and what it holds. */
function contents(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]),
  );
}

async function replay(open: OpenTracker, run: TrackedRun): Promise<void> {
  await (await open(run, sampleRecords(2), false)).close?.();
}

describe.each<[string, (root: string) => OpenTracker]>([
  ['CSV', () => openCsv],
  ['DVCLive', () => openDvclive],
  ['mlruns', openMlflowFiles],
])('%s', (_, opener) => {
  it('has the same bytes when fed during the training, when resumed, and when replayed', async () => {
    const run = sampleRun(sampleRecords(2));
    const root = join(run.path, 'mlruns');
    const open = opener(root);
    await replay(open, run);
    const replayed = contents(run.path);
    const records = sampleRecords(2);
    const live = await open(run, [], true);
    for (const record of records.slice(0, 8)) await live.write(record);
    await live.close?.();
    // Two records are taken back, as by a checkpoint that is older than the journal's end.
    const resumed = await open(run, records.slice(0, 6), true);
    for (const record of records.slice(6)) await resumed.write(record);
    await resumed.close?.();
    expect(contents(run.path)).toEqual(replayed);
  });
});

describe('CSV', () => {
  it('has a line for each number', async () => {
    const run = sampleRun();
    await replay(openCsv, run);
    const lines = readFileSync(join(run.path, 'metrics.csv'), 'utf8').split('\n');
    expect(lines.slice(0, 2)).toEqual([
      'time,epoch,step,data,metric,value',
      '2026-11-24T13:44:56.000Z,1,5,train,loss,0.2',
    ]);
    expect(lines).toContain('2026-11-24T13:44:58.000Z,1,10,validation,loss,NaN');
  });
});

describe('DVCLive', () => {
  it('has the layout that DVC reads', async () => {
    const run = sampleRun();
    await replay(openDvclive, run);
    const folder = join(run.path, 'dvclive');
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    expect(read('metrics.json')).toBe(
      `${JSON.stringify(
        {
          train: { loss: 0.05, accuracy: 0.5 },
          validation: { accuracy: 0.25, loss: 0.5 },
          test: { accuracy: 0.75, loss: 0.5 },
          step: 20,
        },
        null,
        4,
      )}\n`,
    );
    expect(read('plots/metrics/train/loss.tsv')).toBe(
      'step\tloss\n5\t0.2\n10\t0.1\n15\t0.06666666666666667\n20\t0.05\n',
    );
    expect(readdirSync(join(folder, 'plots/images/wrong_predictions')).sort()).toEqual(['10.png', '20.png']);
    expect(JSON.parse(read('plots/sklearn/confusion_matrix.json'))).toEqual([
      ...Array.from({ length: 2 }, () => ({ actual: '0', predicted: '0' })),
      { actual: '0', predicted: '1' },
      ...Array.from({ length: 3 }, () => ({ actual: '1', predicted: '1' })),
    ]);
    const { metrics, params, plots } = parse(read('dvc.yaml')) as Record<string, unknown[]>;
    const named = (plots as (string | object)[]).map((plot) =>
      typeof plot === 'string' ? plot : Object.keys(plot)[0]!,
    );
    for (const name of [...(metrics as string[]), ...(params as string[]), ...named]) {
      expect(existsSync(join(folder, name))).toBe(true);
    }
  });
});

describe('mlruns', () => {
  it('has the layout of MLflow’s file store', async () => {
    const root = temporaryFolder();
    const run = sampleRun(sampleRecords(2));
    await replay(openMlflowFiles(root), { ...run, labels: { tags: ['baseline'], notes: 'noisy' } });
    const [experiment] = readdirSync(root);
    expect(experiment).toMatch(/^[1-9]\d{17}$/);
    expect(parse(readFileSync(join(root, experiment!, 'meta.yaml'), 'utf8'))).toMatchObject({
      experiment_id: experiment,
      lifecycle_stage: 'active',
      name: 'small',
    });
    const id = readdirSync(join(root, experiment!)).find((name) => name !== 'meta.yaml')!;
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    const folder = join(root, experiment!, id);
    expect(parse(readFileSync(join(folder, 'meta.yaml'), 'utf8'))).toMatchObject({
      run_id: id,
      run_uuid: id,
      experiment_id: experiment,
      status: 3,
      start_time: STARTED,
      end_time: STARTED + 1000 * sampleRecords(2).length,
      source_type: 4,
      tags: [],
      deleted_time: null,
    });
    expect(readFileSync(join(folder, 'metrics/train/loss'), 'utf8').split('\n')[0]).toBe(
      `${STARTED + 1000} 0.2 5`,
    );
    expect(readFileSync(join(folder, 'params/optimizer.lr'), 'utf8')).toBe('0.01');
    expect(readFileSync(join(folder, 'tags/wgrad.run'), 'utf8')).toBe(run.id);
    expect(readFileSync(join(folder, 'tags/baseline'), 'utf8')).toBe('true');
    expect(readFileSync(join(folder, 'tags/mlflow.note.content'), 'utf8')).toBe('noisy');
    expect(existsSync(join(folder, 'artifacts/config.yaml'))).toBe(true);
  });

  it('adds to the experiment of that name', async () => {
    const root = temporaryFolder();
    await replay(openMlflowFiles(root), sampleRun());
    const [experiment] = readdirSync(root);
    writeFileSync(join(root, experiment!, 'meta.yaml'), 'name: small\nexperiment_id: "1"\n');
    await replay(openMlflowFiles(root), { ...sampleRun(), id: '20261124-134456-small' });
    expect(readdirSync(root)).toEqual([experiment]);
    expect(readdirSync(join(root, experiment!))).toHaveLength(3);
  });
});
