import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { explicitNumbers } from '../../files/json.ts';
import type { EndRecord, JournalRecord, PredictionsRecord } from '../../runs/journal/records.ts';
import { drawWrongPredictions } from '../pictures.ts';
import { timeOf, type TrackedRun } from '../tracker.ts';
import { type MlflowClient, MlflowError } from './client.ts';
import { ARTIFACTS } from './fileStore.ts';
import {
  datasetOf,
  experimentName,
  labelTags,
  type MlflowMetric,
  metricsOf,
  paramsOf,
  RUN_TAG,
  tagsOf,
} from './run.ts';
import { type MlflowState, writeState } from './state.ts';

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
const versionsFound = z.object({ model_versions: z.array(z.object({ name: z.string() })).optional() });
const runsFound = z.object({ runs: z.array(z.object({ info })).optional() });

/**
 * Sends a run to a server. The state is saved after every confirmed request, so `push` can be called again where it was
 * cut off. A request whose answer was lost is sent again with the same numbers and times, which MLflow's SQL store keeps
 * once; a run whose creation was not confirmed is found by its tag.
 */
export class Pusher {
  readonly #client: MlflowClient;
  readonly #run: TrackedRun;
  readonly #state: MlflowState;

  constructor(client: MlflowClient, run: TrackedRun, state: MlflowState) {
    this.#client = client;
    this.#run = run;
    this.#state = state;
  }

  /**
   * Sends what the server has not confirmed of some records of the journal, which are in order.
   *
   * @throws MlflowError when the server refuses or does not answer
   */
  async push(records: readonly JournalRecord[]): Promise<void> {
    await this.#describe();
    await this.#sendLabels();
    await this.#sendMetrics(records.flatMap((record) => this.#unsent(record)));
    for (const record of records) {
      if (record.kind === 'predictions') await this.#sendPicture(record);
    }
    const end = records.findLast((record) => record.kind === 'end');
    if (end) await this.#finish(end);
    const name = process.env['MLFLOW_REGISTERED_MODEL_NAME'];
    if (name && this.#state.status === STATUS.finished) await this.#register(name);
  }

  /** Creates experiment and run where they are missing, and sends parameters and data set once. */
  async #describe(): Promise<void> {
    const [client, run, state] = [this.#client, this.#run, this.#state];
    state.experimentId ??= await this.#findExperiment(experimentName(run));
    if (state.runId === undefined) {
      const { run_id, artifact_uri } = await this.#findRun(state.experimentId);
      [state.runId, state.artifactUri] = [run_id, artifact_uri];
      await this.#save();
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
    await this.#save();
  }

  /** Sends tags and notes that are new, and removes what the run no longer has. */
  async #sendLabels(): Promise<void> {
    const [client, state] = [this.#client, this.#state];
    const sent = state.labels ?? {};
    const now = labelTags(this.#run);
    const tags = now.filter(({ key, value }) => sent[key] !== value);
    const gone = Object.keys(sent).filter((key) => !now.some((tag) => tag.key === key));
    if (tags.length === 0 && gone.length === 0) return;
    if (tags.length > 0) await client.post('runs/log-batch', { run_id: state.runId, tags }, anything);
    for (const key of gone) await this.#deleteTag(key);
    state.labels = Object.fromEntries(now.map(({ key, value }) => [key, value]));
    await this.#save();
  }

  async #deleteTag(key: string): Promise<void> {
    try {
      await this.#client.post('runs/delete-tag', { run_id: this.#state.runId, key }, anything);
    } catch (error) {
      // Somebody else removed it, or the answer to an earlier attempt was lost.
      if (!(error instanceof MlflowError) || error.code !== 'RESOURCE_DOES_NOT_EXIST') throw error;
    }
  }

  async #findExperiment(name: string): Promise<string> {
    const find = async (): Promise<string> => {
      const query = { experiment_name: name };
      const found = await this.#client.get('experiments/get-by-name', query, experimentAnswer);
      return found.experiment.experiment_id;
    };
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof MlflowError) || error.code !== 'RESOURCE_DOES_NOT_EXIST') throw error;
    }
    try {
      return (await this.#client.post('experiments/create', { name }, experimentCreated)).experiment_id;
    } catch (error) {
      // Another run created it meanwhile, or the answer to an earlier attempt was lost.
      if (error instanceof MlflowError && error.code === 'RESOURCE_ALREADY_EXISTS') return find();
      throw error;
    }
  }

  async #findRun(experimentId: string): Promise<z.infer<typeof info>> {
    const run = this.#run;
    const search = {
      experiment_ids: [experimentId],
      filter: `tags."${RUN_TAG}" = '${run.id.replaceAll("'", '')}'`,
      max_results: 1,
    };
    const { runs = [] } = await this.#client.post('runs/search', search, runsFound);
    if (runs[0]) return runs[0].info;
    const creation = {
      experiment_id: experimentId,
      run_name: run.id,
      start_time: run.startedAt,
      tags: tagsOf(run),
    };
    return (await this.#client.post('runs/create', creation, runAnswer)).run.info;
  }

  async #sendMetrics(metrics: readonly MlflowMetric[]): Promise<void> {
    const state = this.#state;
    if (state.status !== undefined && metrics.length > 0) {
      // The run continues after the server was told of its end.
      await this.#client.post('runs/update', { run_id: state.runId, status: 'RUNNING' }, anything);
      state.status = undefined;
      await this.#save();
    }
    for (let at = 0; at < metrics.length; at += BATCH_METRICS) {
      const batch = metrics.slice(at, at + BATCH_METRICS);
      const values = batch.map((metric) => ({ ...metric, value: explicitNumbers('', metric.value) }));
      await this.#client.post('runs/log-batch', { run_id: state.runId, metrics: values }, anything);
      for (const { key, step } of batch) state.steps[key] = step;
      await this.#save();
    }
  }

  /** A run that went back to a checkpoint repeats steps, with the same values: each is sent once. */
  #unsent(record: JournalRecord): MlflowMetric[] {
    return metricsOf(this.#run, record).filter(({ key, step }) => step > (this.#state.steps[key] ?? -1));
  }

  async #finish(end: EndRecord): Promise<void> {
    const state = this.#state;
    const status = STATUS[end.status];
    if (state.status === status) return;
    for (const name of ARTIFACTS) {
      const content = await readFile(join(this.#run.path, name)).catch(() => undefined);
      if (content) await this.#putArtifact(name, content);
    }
    const end_time = Math.round(timeOf(this.#run, end));
    await this.#client.post('runs/update', { run_id: state.runId, status, end_time }, anything);
    state.status = status;
    await this.#save();
  }

  /** Makes the run's model the next version of a registered one, once. */
  async #register(name: string): Promise<void> {
    const [client, state] = [this.#client, this.#state];
    if (state.model === name) return;
    if (this.#artifactRoot === undefined) {
      throw new MlflowError(`${client.base} does not take files itself, so no model is registered`, 400);
    }
    // Loaded here: most runs register no model.
    const { modelFiles } = await import('./model.ts');
    for (const [file, content] of await modelFiles(this.#run, state.runId!)) {
      await this.#putArtifact(`model/${file}`, content);
    }
    try {
      await client.post('registered-models/create', { name }, anything);
    } catch (error) {
      if (!(error instanceof MlflowError) || error.code !== 'RESOURCE_ALREADY_EXISTS') throw error;
    }
    // The answer to an earlier attempt may have been lost.
    const query = { filter: `run_id='${state.runId!}'` };
    const { model_versions: versions = [] } = await client.get('model-versions/search', query, versionsFound);
    if (!versions.some((version) => version.name === name)) {
      const version = { name, source: `${state.artifactUri!}/model`, run_id: state.runId };
      await client.post('model-versions/create', version, anything);
    }
    state.model = name;
    await this.#save();
  }

  async #sendPicture(record: PredictionsRecord): Promise<void> {
    const name = `wrong_predictions/${record.step}.png`;
    if (this.#artifactRoot === undefined || this.#state.pictures.includes(name)) return;
    const png = await drawWrongPredictions(this.#run, record);
    if (!png) return;
    await this.#putArtifact(name, png);
    this.#state.pictures.push(name);
    await this.#save();
  }

  async #putArtifact(name: string, content: string | Uint8Array): Promise<void> {
    const root = this.#artifactRoot;
    if (root !== undefined) await this.#client.putArtifact(`${root}/${name}`, content);
  }

  /** Undefined where the server does not take files itself: other stores (such as S3) need their own credentials. */
  get #artifactRoot(): string | undefined {
    return /^mlflow-artifacts:(?:\/\/[^/]*)?\/+(.+)$/.exec(this.#state.artifactUri ?? '')?.[1];
  }

  #save(): Promise<void> {
    return writeState(this.#run.path, this.#state);
  }
}
