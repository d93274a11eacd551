import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noGrad, open, setDefaultDevice, zeros } from '../../src/index.ts';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { readRecords } from '../../src/pipeline/runs/journal/journal.ts';
import { openRun } from '../../src/pipeline/runs/open.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { MlflowServer, startProxy } from './mlflowServer.ts';
import { runScript, toolsPython } from './toolsPython.ts';

interface Read {
  readonly experiments: string[];
  readonly runs: {
    readonly id: string;
    readonly name: string;
    readonly status: string;
    readonly params: Record<string, string>;
    readonly metrics: Record<string, [step: number, value: number, time: number][]>;
    readonly datasets: string[][];
    readonly files: string[];
    readonly journal: string;
  }[];
  readonly models: {
    readonly name: string;
    readonly version: string;
    readonly run: string;
    readonly signature: Record<string, string | null>;
    readonly logits: number[][];
  }[];
}

/** Starts a program of the project; what it says of errors is shown. */
function start(
  env: Record<string, string>,
  ...args: readonly string[]
): { child: ChildProcess; exit: Promise<number | null> } {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), ...args], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  return { child, exit: once(child, 'close').then(([code]) => code as number | null) };
}

test('MLflow has a training once and whole, although its server was killed and restarted, and the training interrupted', async (context) => {
  const python = toolsPython(context, 'mlflow', 'onnxruntime');
  await fetchFashionMnist('data/raw');
  const server = new MlflowServer(python, temporaryFolder());
  await server.start();

  const runs = temporaryFolder();
  const journal = (): ReturnType<typeof readRecords> => readRecords(join(runs, 'latest/metrics.jsonl'));
  let batches = 0;
  const address = await startProxy(server, async (call, body) => {
    if (!call.includes('log-batch') || !body.includes('"metrics"')) return 'answer';
    batches += 1;
    // The server is back, and the training has written to it: Ctrl-C.
    if (batches === 2) training.child.kill('SIGINT');
    if (batches !== 1) return 'answer';
    // The server has taken the first numbers, and dies before it says so. The training waits until it is back.
    training.child.kill('SIGSTOP');
    await server.kill();
    await server.start();
    training.child.kill('SIGCONT');
    return 'lose';
  });
  const env = { MLFLOW_TRACKING_URI: address, MLFLOW_REGISTERED_MODEL_NAME: 'clothes' };
  // The time of a run counts from the start of its process.
  const began = Date.now();
  const training = start(
    env,
    ...['src/train.ts', 'configs/mlp.yaml', 'device=cpu', 'data.validation=200', 'model.hidden=[16]'],
    ...[`run.dir=${runs}`, 'tracking=[mlflow]', 'train.limitTrain=20000', 'train.limitTest=300'],
    // Endless.
    ...['train.epochs=100000', 'train.batchSize=100', 'train.logEvery=10'],
  );
  expect(await training.exit).toBe(130);
  // Goes on for some seconds; then its time is up, and it finishes.
  const minutes = (journal().at(-1)!.time! - began) / 60_000 + 0.03;
  const resumed = start(
    env,
    ...['src/train.ts', '--resume', 'latest', `run.dir=${runs}`, `train.maxMinutes=${minutes.toFixed(3)}`],
  );
  expect(await resumed.exit).toBe(0);
  // Sends what a busy machine has not sent in time.
  expect(await start(env, 'src/runs.ts', 'sync', 'latest', '--runs', runs).exit).toBe(0);
  const records = journal();
  expect(batches).toBeGreaterThan(2);

  const { experiments, runs: found, models } = (await runScript(python, 'mlflow_read.py', address)) as Read;
  expect(experiments).toEqual(['mlp-fashion-mnist']);
  expect(found).toHaveLength(1);
  const [run] = found;
  expect(run!.status).toBe('FINISHED');
  expect(run!.params).toMatchObject({
    'model.hidden': '[16]',
    'optimizer.lr': '0.001',
    'train.epochs': '100000',
  });
  const expected: Read['runs'][number]['metrics'] = {};
  for (const record of records) {
    if (!('metrics' in record)) continue;
    for (const [name, value] of Object.entries(record.metrics)) {
      (expected[`${record.kind}/${name}`] ??= []).push([record.step, value, record.time!]);
    }
  }
  expect(run!.metrics).toEqual(expected);
  expect(run!.datasets).toEqual([['fashion-mnist', expect.stringMatching(/^[0-9a-f]{8}$/)]]);
  expect(run!.files).toEqual([
    'checkpoints/best.safetensors',
    'config.yaml',
    'environment.json',
    'metrics.jsonl',
    'model/MLmodel',
    'model/model.onnx',
    'model/python_env.yaml',
    'model/requirements.txt',
    'summary.json',
    ...records
      .filter(({ kind }) => kind === 'predictions')
      .map(({ step }) => `wrong_predictions/${step}.png`)
      .sort(),
  ]);
  expect(run!.journal).toBe(readFileSync(join(runs, 'latest/metrics.jsonl'), 'utf8'));

  setDefaultDevice(await open('cpu'));
  const { model } = await openRun(runs, 'latest');
  const logits = await noGrad(() => model.forward(zeros([2, 1, 28, 28]))).toArray();
  expect(models.map(({ name, version, run: of }) => [name, version, of])).toEqual([
    ['clothes', '1', run!.id],
  ]);
  expect(JSON.parse(models[0]!.signature['inputs']!)).toEqual([
    { name: 'images', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 1, 28, 28] } },
  ]);
  (logits as number[][]).forEach((row, image) =>
    row.forEach((logit, at) => expect(models[0]!.logits[image]![at]).toBeCloseTo(logit, 4)),
  );
}, 240_000);
