import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { explicitNumbers } from '../../files/json.ts';
import type { EndRecord, JournalRecord, PredictionsRecord } from '../../runs/journal/records.ts';
import { type MlflowClient, MlflowError } from './client.ts';
import { ARTIFACTS } from './fileStore.ts';
import { datasetOf, experimentName, type MlflowMetric, metricsOf, paramsOf, RUN_TAG, tagsOf } from './run.ts';
import { type MlflowState, writeState } from './state.ts';
import { drawWrongPredictions } from '../pictures.ts';
import { timeOf, type TrackedRun } from '../tracker.ts';

/** MLflow's limits for one log-batch. */
const BATCH_METRICS = 1000;
const BATCH_PARAMS = 100;

const STATUS: Readonly<Record<EndRecord['status'], string>> = {
  finished: 'FINISHED',
  failed: 'FAILED',
  interrupted: 'KILLED',
};

const anything = z.unknown();
const experimentAnswer = z.object({ experiment: z.object({ experiment_id: z.string() }) });
const experimentCreated = z.object({ experiment_id: z.string() });
const info = z.object({ run_id: z.string().min(1), artifact_uri: z.string() });
const runAnswer = z.object({ run: z.object({ info }) });
const runsFound = z.object({ runs: z.array(z.object({ info })).optional() });

/**
 * Sends what the server has not confirmed yet of a run: where it was cut off, it can be called again. The state is saved
 * after every confirmed request. A request whose answer was lost is sent again with the same numbers and times, which
 * MLflow's SQL store keeps once; a run whose creation was not confirmed is found by its tag.
 *
 * @param records of the journal, in order, from the beginning or not
 * @throws MlflowError when the server refuses or does not answer
 */
export async function push(
  client: MlflowClient,
  run: TrackedRun,
  state: MlflowState,
  records: readonly JournalRecord[],
): Promise<void> {
  await describe(client, run, state);
  await reopen(client, run, state, records);
  await sendMetrics(client, run, state, records);
  for (const record of records) {
    if (record.kind === 'predictions') await sendPicture(client, run, state, record);
  }
  const end = records.findLast((record) => record.kind === 'end');
  if (end) await finish(client, run, state, end);
}

/** Makes sure that experiment and run exist and say what was run. */
async function describe(client: MlflowClient, run: TrackedRun, state: MlflowState): Promise<void> {
  state.experimentId ??= await findExperiment(client, experimentName(run));
  if (state.runId === undefined) {
    const { run_id, artifact_uri } = await findRun(client, run, state.experimentId);
    [state.runId, state.artifactUri] = [run_id, artifact_uri];
    await writeState(run.path, state);
  }
  if (state.described) return;
  const params = paramsOf(run);
  for (let at = 0; at < params.length; at += BATCH_PARAMS) {
    const body = { run_id: state.runId, params: params.slice(at, at + BATCH_PARAMS) };
    await client.post('runs/log-batch', body, anything);
  }
  const tags = [{ key: 'mlflow.data.context', value: 'training' }];
  const inputs = { run_id: state.runId, datasets: [{ tags, dataset: datasetOf(run) }] };
  await client.post('runs/log-inputs', inputs, anything);
  state.described = true;
  await writeState(run.path, state);
}

async function findExperiment(client: MlflowClient, name: string): Promise<string> {
  const find = async (): Promise<string> =>
    (await client.get('experiments/get-by-name', { experiment_name: name }, experimentAnswer)).experiment
      .experiment_id;
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof MlflowError) || error.code !== 'RESOURCE_DOES_NOT_EXIST') throw error;
  }
  try {
    return (await client.post('experiments/create', { name }, experimentCreated)).experiment_id;
  } catch (error) {
    // Another run made it meanwhile, or the answer to an earlier try was lost.
    if (error instanceof MlflowError && error.code === 'RESOURCE_ALREADY_EXISTS') return find();
    throw error;
  }
}

async function findRun(
  client: MlflowClient,
  run: TrackedRun,
  experimentId: string,
): Promise<z.infer<typeof info>> {
  const search = {
    experiment_ids: [experimentId],
    filter: `tags."${RUN_TAG}" = '${run.id.replaceAll("'", '')}'`,
    max_results: 1,
  };
  const { runs = [] } = await client.post('runs/search', search, runsFound);
  if (runs[0]) return runs[0].info;
  const creation = {
    experiment_id: experimentId,
    run_name: run.id,
    start_time: run.startedAt,
    tags: tagsOf(run),
  };
  return (await client.post('runs/create', creation, runAnswer)).run.info;
}

/** A run that goes on after the server was told of its end. */
async function reopen(
  client: MlflowClient,
  run: TrackedRun,
  state: MlflowState,
  records: readonly JournalRecord[],
): Promise<void> {
  if (state.status === undefined || !records.some((record) => unsent(run, state, record).length > 0)) return;
  await client.post('runs/update', { run_id: state.runId, status: 'RUNNING' }, anything);
  state.status = undefined;
  await writeState(run.path, state);
}

async function sendMetrics(
  client: MlflowClient,
  run: TrackedRun,
  state: MlflowState,
  records: readonly JournalRecord[],
): Promise<void> {
  const metrics = records.flatMap((record) => unsent(run, state, record));
  for (let at = 0; at < metrics.length; at += BATCH_METRICS) {
    const batch = metrics.slice(at, at + BATCH_METRICS);
    const values = batch.map((metric) => ({ ...metric, value: explicitNumbers('', metric.value) }));
    await client.post('runs/log-batch', { run_id: state.runId, metrics: values }, anything);
    for (const { key, step } of batch) state.steps[key] = step;
    await writeState(run.path, state);
  }
}

/** A run that was set back to a checkpoint comes past the same steps again, with the same values: each is sent once. */
function unsent(run: TrackedRun, state: MlflowState, record: JournalRecord): MlflowMetric[] {
  return metricsOf(run, record).filter(({ key, step }) => step > (state.steps[key] ?? -1));
}

async function finish(
  client: MlflowClient,
  run: TrackedRun,
  state: MlflowState,
  end: EndRecord,
): Promise<void> {
  const status = STATUS[end.status];
  if (state.status === status) return;
  const root = artifactRoot(state);
  for (const name of ARTIFACTS) {
    const content = await readFile(join(run.path, name)).catch(() => undefined);
    if (content && root !== undefined) await client.putArtifact(`${root}/${name}`, content);
  }
  await client.post(
    'runs/update',
    { run_id: state.runId, status, end_time: Math.round(timeOf(run, end)) },
    anything,
  );
  state.status = status;
  await writeState(run.path, state);
}

/** Sends a picture, once. */
async function sendPicture(
  client: MlflowClient,
  run: TrackedRun,
  state: MlflowState,
  record: PredictionsRecord,
): Promise<void> {
  const root = artifactRoot(state);
  const name = `wrong_predictions/${record.step}.png`;
  if (root === undefined || state.pictures.includes(name)) return;
  const png = await drawWrongPredictions(run, record);
  if (!png) return;
  await client.putArtifact(`${root}/${name}`, png);
  state.pictures.push(name);
  await writeState(run.path, state);
}

/** Undefined where the server does not take files itself: other stores (S3 and the like) need credentials of their own. */
function artifactRoot({ artifactUri = '' }: MlflowState): string | undefined {
  return /^mlflow-artifacts:(?:\/\/[^/]*)?\/+(.+)$/.exec(artifactUri)?.[1];
}
