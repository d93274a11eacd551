import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { folderWriter, makeFolders } from '../../files/folders.ts';
import type { EndRecord, JournalRecord } from '../../runs/journal/records.ts';
import { parseYaml } from '../../files/yamlValue.ts';
import { experimentName, labelTags, metricsOf, paramsOf, tagsOf, userName } from './run.ts';
import { drawWrongPredictions } from '../pictures.ts';
import { type OpenTracker, timeOf } from '../tracker.ts';

const RUNNING = 1;
/** MLflow's numbers: FINISHED, FAILED, KILLED. */
const STATUS: Readonly<Record<EndRecord['status'], number>> = { finished: 3, failed: 4, interrupted: 5 };

/** The files of a run that become artifacts when it ends, where they exist. */
export const ARTIFACTS: readonly string[] = [
  'config.yaml',
  'environment.json',
  'metrics.jsonl',
  'summary.json',
  'checkpoints/best.safetensors',
];

/**
 * A run in the layout of MLflow's file store. Its id is a hash of the run's id, so writing it again replaces it.
 *
 * @param root the store, `mlruns`
 */
export function openMlflowFiles(root: string): OpenTracker {
  return async (run, past) => {
    const experimentId = openExperiment(resolve(root), experimentName(run), run.startedAt);
    const runId = createHash('md5').update(run.id).digest('hex');
    const folder = join(resolve(root), experimentId, runId);
    const writeFile = folderWriter(folder);
    const writeMeta = (status: number, endTime: number | null): void =>
      writeFile(
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
    const write = async (record: JournalRecord): Promise<void> => {
      for (const { key, value, timestamp, step } of metricsOf(run, record)) {
        writeFile(`metrics/${key}`, `${timestamp} ${String(value)} ${step}\n`, 'a');
      }
      if (record.kind === 'predictions') {
        const png = await drawWrongPredictions(run, record);
        if (png) writeFile(`artifacts/wrong_predictions/${record.step}.png`, png);
      }
      if (record.kind === 'end') {
        const present = ARTIFACTS.filter((name) => existsSync(join(run.path, name)));
        for (const name of present) writeFile(`artifacts/${name}`, readFileSync(join(run.path, name)));
        writeMeta(STATUS[record.status], timeOf(run, record));
      }
    };

    rmSync(folder, { recursive: true, force: true });
    for (const part of ['metrics', 'params', 'tags', 'artifacts']) makeFolders(join(folder, part));
    writeMeta(RUNNING, null);
    for (const { key, value } of paramsOf(run)) writeFile(`params/${key}`, value);
    for (const { key, value } of [...tagsOf(run), ...labelTags(run)]) writeFile(`tags/${key}`, value);
    for (const record of past) await write(record);
    return { write };
  };
}

/** The id of the experiment of this name, which is created where it is missing. */
function openExperiment(root: string, name: string, now: number): string {
  makeFolders(root);
  const known = readdirSync(root).find((id) => /^\d+$/.test(id) && nameOf(join(root, id)) === name);
  if (known !== undefined) return known;
  // MLflow's own ids have 18 digits.
  const id = (BigInt(`0x${createHash('sha256').update(name).digest('hex')}`) % 10n ** 18n)
    .toString()
    .padStart(18, '1');
  const meta = {
    artifact_location: pathToFileURL(join(root, id)).href,
    creation_time: now,
    experiment_id: id,
    last_update_time: now,
    lifecycle_stage: 'active',
    name,
  };
  folderWriter(root)(`${id}/meta.yaml`, stringify(meta));
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
