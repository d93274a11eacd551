import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

/** What a server does to a request instead of answering it, or after doing what it asks (`lost`). */
export type Mischief = 'hang' | 'lost' | { status: number; headers?: Record<string, string> } | undefined;

export interface StoredRun {
  experimentId: string;
  status: string;
  endTime?: number | undefined;
  params: Map<string, string>;
  tags: Map<string, string>;
  /** One line each: the store keeps equal ones once, as MLflow's SQL store does. */
  metrics: Set<string>;
  datasets: unknown[];
  artifacts: Map<string, Buffer>;
}

/** An MLflow server that takes exactly what MLflow documents, and keeps what it was sent. */
export interface MlflowTestServer {
  readonly url: string;
  readonly experiments: Map<string, string>;
  readonly runs: Map<string, StoredRun>;
  /** Of registered models, the source and the run of each version. */
  readonly models: Map<string, { source: string; run_id: string }[]>;
  /** Method and path of each request. */
  readonly requests: string[];
  readonly authorizations: Set<string | undefined>;
  /** Asked before each request, with its number from 0 on. */
  mischief: (request: string, count: number) => Mischief;
}

class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const whole = z.int().min(0);
const keyValue = z.strictObject({ key: z.string().max(250), value: z.string().max(5000) });
const param = z.strictObject({
  key: z.string().regex(/^[\w .:/-]{1,250}$/),
  value: z.string().refine((value) => Buffer.byteLength(value) <= 6000),
});
const metric = z.strictObject({
  key: z.string().regex(/^[\w .:/-]{1,250}$/),
  value: z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]),
  timestamp: whole,
  step: whole,
});
const run_id = z.string().regex(/^[0-9a-f]{32}$/);

const bodies = {
  'experiments/create': z.strictObject({ name: z.string().min(1) }),
  'runs/create': z.strictObject({
    experiment_id: z.string(),
    run_name: z.string(),
    start_time: whole,
    tags: z.array(keyValue),
  }),
  'runs/search': z.strictObject({
    experiment_ids: z.array(z.string()).min(1),
    filter: z.string().regex(/^tags\."[\w.]+" = '[^']*'$/),
    max_results: whole,
  }),
  'runs/update': z.strictObject({
    run_id,
    status: z.enum(['RUNNING', 'FINISHED', 'FAILED', 'KILLED']),
    end_time: whole.optional(),
  }),
  'runs/log-batch': z.strictObject({
    run_id,
    metrics: z.array(metric).max(1000).default([]),
    params: z.array(param).max(100).default([]),
    tags: z.array(keyValue).max(100).default([]),
  }),
  'registered-models/create': z.strictObject({ name: z.string().min(1) }),
  'model-versions/create': z.strictObject({ name: z.string(), source: z.string(), run_id }),
  'runs/delete-tag': z.strictObject({ run_id, key: z.string().min(1) }),
  'runs/log-inputs': z.strictObject({
    run_id,
    datasets: z.array(
      z.strictObject({
        tags: z.array(keyValue),
        dataset: z.strictObject({
          name: z.string().max(500),
          digest: z.string().max(36),
          source_type: z.string(),
          source: z.string(),
        }),
      }),
    ),
  }),
};

export async function startMlflow(): Promise<MlflowTestServer> {
  const state: Omit<MlflowTestServer, 'url'> = {
    experiments: new Map(),
    runs: new Map(),
    models: new Map(),
    requests: [],
    authorizations: new Set(),
    mischief: () => undefined,
  };
  const server = createServer((request, response) => void respond(state, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function respond(
  state: Omit<MlflowTestServer, 'url'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(request.url!, 'http://server');
  const name = `${request.method!} ${pathname.replace('/api/2.0/', '')}`;
  state.authorizations.add(request.headers.authorization);
  const mischief = state.mischief(name, state.requests.push(name) - 1);
  if (mischief === 'hang') return;
  if (typeof mischief === 'object') {
    response.writeHead(mischief.status, mischief.headers).end();
    return;
  }
  try {
    const answer = handle(state, name, searchParams, Buffer.concat(chunks));
    if (mischief === 'lost') response.destroy();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  } catch (error) {
    const code = error instanceof Refusal ? error.code : 'INVALID_PARAMETER_VALUE';
    const status = code === 'RESOURCE_DOES_NOT_EXIST' ? 404 : 400;
    response.writeHead(status).end(JSON.stringify({ error_code: code, message: String(error) }));
  }
}

function handle(
  { experiments, runs, models }: Omit<MlflowTestServer, 'url'>,
  name: string,
  query: URLSearchParams,
  content: Buffer,
): object {
  const missing = (): never => {
    throw new Refusal('RESOURCE_DOES_NOT_EXIST', 'no such thing');
  };
  const stored = (id: string): StoredRun => runs.get(id) ?? missing();
  const infoOf = (id: string, { experimentId, status }: StoredRun): object => ({
    info: { run_id: id, status, artifact_uri: `mlflow-artifacts:/${experimentId}/${id}/artifacts` },
  });
  const body = <K extends keyof typeof bodies>(key: K): z.output<(typeof bodies)[K]> => {
    if (content.length > 2 ** 20) throw new Error('more than 1 MB');
    return bodies[key].parse(JSON.parse(content.toString())) as z.output<(typeof bodies)[K]>;
  };
  switch (name) {
    case 'GET mlflow/experiments/get-by-name': {
      const id = experiments.get(query.get('experiment_name')!) ?? missing();
      return { experiment: { experiment_id: id } };
    }
    case 'POST mlflow/experiments/create': {
      const { name } = body('experiments/create');
      if (experiments.has(name)) throw new Refusal('RESOURCE_ALREADY_EXISTS', name);
      experiments.set(name, String(experiments.size + 1));
      return { experiment_id: experiments.get(name) };
    }
    case 'POST mlflow/runs/search': {
      const { experiment_ids, filter } = body('runs/search');
      const [, tag, value] = /^tags\."(.+)" = '(.*)'$/.exec(filter)!;
      const found = [...runs].filter(
        ([, run]) => experiment_ids.includes(run.experimentId) && run.tags.get(tag!) === value,
      );
      return found.length > 0 ? { runs: found.map(([id, run]) => infoOf(id, run)) } : {};
    }
    case 'POST mlflow/runs/create': {
      const { experiment_id, tags } = body('runs/create');
      if (![...experiments.values()].includes(experiment_id)) missing();
      const id = randomBytes(16).toString('hex');
      const run: StoredRun = {
        experimentId: experiment_id,
        status: 'RUNNING',
        params: new Map(),
        tags: new Map(tags.map(({ key, value }) => [key, value])),
        metrics: new Set(),
        datasets: [],
        artifacts: new Map(),
      };
      runs.set(id, run);
      return { run: infoOf(id, run) };
    }
    case 'POST mlflow/runs/log-batch': {
      const { run_id, metrics, params, tags } = body('runs/log-batch');
      if (metrics.length + params.length + tags.length > 1000) throw new Error('more than 1000 entities');
      const run = stored(run_id);
      for (const { key, value } of params) {
        if (run.params.has(key) && run.params.get(key) !== value)
          throw new Error(`${key} was ${run.params.get(key)!}`);
        run.params.set(key, value);
      }
      for (const { key, value } of tags) run.tags.set(key, value);
      for (const { key, value, timestamp, step } of metrics) {
        run.metrics.add([key, step, value, timestamp].join(' '));
      }
      return {};
    }
    case 'POST mlflow/runs/delete-tag': {
      const { run_id, key } = body('runs/delete-tag');
      if (!stored(run_id).tags.delete(key)) throw new Refusal('RESOURCE_DOES_NOT_EXIST', key);
      return {};
    }
    case 'POST mlflow/runs/log-inputs': {
      const { run_id, datasets } = body('runs/log-inputs');
      stored(run_id).datasets.push(...datasets);
      return {};
    }
    case 'POST mlflow/registered-models/create': {
      const { name } = body('registered-models/create');
      if (models.has(name)) throw new Refusal('RESOURCE_ALREADY_EXISTS', name);
      models.set(name, []);
      return {};
    }
    case 'GET mlflow/model-versions/search': {
      const [, id] = /^run_id='(\w+)'$/.exec(query.get('filter')!)!;
      const found = [...models].flatMap(([name, versions]) =>
        versions.filter(({ run_id }) => run_id === id).map(() => ({ name })),
      );
      return found.length > 0 ? { model_versions: found } : {};
    }
    case 'POST mlflow/model-versions/create': {
      const { name, ...version } = body('model-versions/create');
      (models.get(name) ?? missing()).push(version);
      return {};
    }
    case 'POST mlflow/runs/update': {
      const { run_id, status, end_time } = body('runs/update');
      Object.assign(stored(run_id), { status, endTime: end_time });
      return { run_info: { run_id, status } };
    }
  }
  const [, experiment, id, path] =
    /^PUT mlflow-artifacts\/artifacts\/(\d+)\/(\w+)\/artifacts\/(.+)$/.exec(name) ?? [];
  if (id === undefined || stored(id).experimentId !== experiment) return missing();
  stored(id).artifacts.set(path!, content);
  return {};
}
