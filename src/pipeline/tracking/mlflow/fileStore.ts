import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { makeFolders } from '../../files/folders.ts';
import type { EndRecord, JournalRecord } from '../../runs/journal/records.ts';
import { parseYaml } from '../../files/yamlValue.ts';
import { experimentName, metricsOf, paramsOf, tagsOf, userName } from './run.ts';
import { drawWrongPredictions } from '../pictures.ts';
import { type OpenTracker, timeOf } from '../tracker.ts';

const RUNNING = 1;
/** MLflow's numbers: FINISHED, FAILED, KILLED. */
const STATUS: Readonly<Record<EndRecord['status'], number>> = { finished: 3, failed: 4, interrupted: 5 };

/** The records of a run that go to the artifacts when it ends, as far as they exist. */
export const ARTIFACTS: readonly string[] = [
  'config.yaml',
  'environment.json',
  'metrics.jsonl',
  'summary.json',
  'checkpoints/best.safetensors',
];

/**
 * A run in the layout of MLflow's file store. Its id follows from the run's, so that writing it again replaces it.
 *
 * @param root the store, `mlruns`
 */
export function openMlflowFiles(root: string): OpenTracker {
  return async (run, past) => {
    const experimentId = openExperiment(resolve(root), experimentName(run), run.startedAt);
    const runId = createHash('md5').update(run.id).digest('hex');
    const folder = join(resolve(root), experimentId, runId);
    const write = (name: string, content: string | Uint8Array): void => {
      const path = join(folder, ...name.split('/'));
      makeFolders(dirname(path));
      writeFileSync(path, content);
    };
    const writeMeta = (status: number, endTime: number | null): void =>
      write(
        'meta.yaml',
        stringify({
          artifact_uri: pathToFileURL(join(folder, 'artifacts')).href,
          end_time: endTime,
          entry_point_name: '',
          experiment_id: experimentId,
          lifecycle_stage: 'active',
          run_id: runId,
          run_name: run.id,
          run_uuid: runId,
          source_name: '',
          source_type: 4,
          source_version: '',
          start_time: run.startedAt,
          status,
          tags: [],
          user_id: userName(),
          deleted_time: null,
        }),
      );
    const record = async (one: JournalRecord): Promise<void> => {
      for (const { key, value, timestamp, step } of metricsOf(run, one)) {
        const path = join(folder, 'metrics', ...key.split('/'));
        makeFolders(dirname(path));
        appendFileSync(path, `${timestamp} ${String(value)} ${step}\n`);
      }
      if (one.kind === 'predictions') {
        const png = await drawWrongPredictions(run, one);
        if (png) write(`artifacts/wrong_predictions/${one.step}.png`, png);
      }
      if (one.kind === 'end') {
        copyArtifacts(run.path, join(folder, 'artifacts'));
        writeMeta(STATUS[one.status], timeOf(run, one));
      }
    };

    rmSync(folder, { recursive: true, force: true });
    for (const part of ['metrics', 'params', 'tags', 'artifacts']) makeFolders(join(folder, part));
    writeMeta(RUNNING, null);
    for (const { key, value } of paramsOf(run)) write(`params/${key}`, value);
    for (const { key, value } of tagsOf(run)) write(`tags/${key}`, value);
    for (const one of past) await record(one);
    return { record, close: () => undefined };
  };
}

function copyArtifacts(from: string, to: string): void {
  for (const name of ARTIFACTS.filter((one) => existsSync(join(from, one)))) {
    makeFolders(dirname(join(to, name)));
    copyFileSync(join(from, name), join(to, name));
  }
}

/** The id of the experiment of this name, which is made where there is none. */
function openExperiment(root: string, name: string, now: number): string {
  makeFolders(root);
  const known = readdirSync(root).find((id) => /^\d+$/.test(id) && nameOf(join(root, id)) === name);
  if (known !== undefined) return known;
  // MLflow's own ids are of 18 digits, too.
  const id = (BigInt(`0x${createHash('sha256').update(name).digest('hex')}`) % 10n ** 18n)
    .toString()
    .padStart(18, '1');
  makeFolders(join(root, id));
  const meta = {
    artifact_location: pathToFileURL(join(root, id)).href,
    creation_time: now,
    experiment_id: id,
    last_update_time: now,
    lifecycle_stage: 'active',
    name,
  };
  writeFileSync(join(root, id, 'meta.yaml'), stringify(meta));
  return id;
}

function nameOf(folder: string): unknown {
  try {
    const { value } = parseYaml(readFileSync(join(folder, 'meta.yaml'), 'utf8'));
    return (value as { name?: unknown } | null)?.name;
  } catch {
    return undefined;
  }
}
