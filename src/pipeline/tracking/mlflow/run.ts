import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import type { JournalRecord } from '../../runs/journal/records.ts';
import { leaves } from '../../files/leaves.ts';
import { timeOf, type TrackedRun } from '../tracker.ts';

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface MlflowMetric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

/** The tag that identifies a run on a server. */
export const RUN_TAG = 'wgrad.run';

/** MLflow's limit on the value of a parameter. */
const PARAM_BYTES = 6000;
/** MLflow's limit on the value of a tag. */
const TAG_BYTES = 8000;

export function experimentName({ configuration }: TrackedRun): string {
  return process.env['MLFLOW_EXPERIMENT_NAME'] || configuration.name;
}

/** The configuration, a parameter for each key: `optimizer.lr`, `0.001`. Tags and notes change, and parameters must not. */
export function paramsOf({ configuration }: TrackedRun): KeyValue[] {
  const { dir } = configuration.run;
  return leaves({ ...configuration, run: { dir } }).map(([key, value]) => ({
    key,
    value: cut(typeof value === 'string' ? value : JSON.stringify(value), PARAM_BYTES),
  }));
}

export function tagsOf({ id, environment }: TrackedRun): KeyValue[] {
  const git = environment['git'] as { commit?: unknown } | null | undefined;
  return Object.entries({
    'mlflow.runName': id,
    'mlflow.user': userName(),
    'mlflow.source.name': 'src/train.ts',
    'mlflow.source.type': 'LOCAL',
    ...(typeof git?.commit === 'string' && { 'mlflow.source.git.commit': git.commit }),
    [RUN_TAG]: id,
  }).map(([key, value]) => ({ key, value }));
}

/** The tags of a run, each with the value `true`, and its notes, which MLflow shows as the description. */
export function labelTags({ labels: { tags, notes } }: TrackedRun): KeyValue[] {
  return [
    ...tags.map((key) => ({ key, value: 'true' })),
    ...(notes === '' ? [] : [{ key: 'mlflow.note.content', value: cut(notes, TAG_BYTES) }]),
  ];
}

export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return 'unknown';
  }
}

/** The metrics of a record: `train/loss`. */
export function metricsOf(run: TrackedRun, record: JournalRecord): MlflowMetric[] {
  if (!('metrics' in record)) return [];
  const timestamp = timeOf(run, record);
  return Object.entries(record.metrics).map(([name, value]) => ({
    key: `${record.kind}/${name}`,
    value,
    timestamp,
    step: record.step,
  }));
}

/** The run's data set, as an MLflow data set input. */
export function datasetOf({ environment }: TrackedRun): {
  name: string;
  digest: string;
  source_type: string;
  source: string;
} {
  const digest = createHash('md5').update(JSON.stringify(environment['dataChecksums'] ?? null));
  return {
    name: 'fashion-mnist',
    digest: digest.digest('hex').slice(0, 8),
    source_type: 'http',
    source: JSON.stringify({ url: 'https://github.com/zalandoresearch/fashion-mnist' }),
  };
}

function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes - 3)).replace(/\uFFFD+$/, '');
}
