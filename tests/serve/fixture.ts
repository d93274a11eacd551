import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type DataDescription, FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import {
  type Configuration,
  parseConfiguration,
  printConfiguration,
} from '../../src/pipeline/config/configuration.ts';
import { encodeSafetensors, type SafeTensor } from '../../src/formats/safetensors/index.ts';
import { jsonText } from '../../src/pipeline/files/json.ts';
import { weightsSha256 } from '../../src/pipeline/checkpoint/weightsSha256.ts';
import { type Backend, open } from '../../src/index.ts';
import { buildModel } from '../../src/pipeline/models/buildModel.ts';
import { Metrics } from '../../src/serve/http/metrics.ts';
import { DeviceEngine } from '../../src/serve/inference/deviceEngine.ts';
import { type HostOptions, ModelHost } from '../../src/serve/inference/host.ts';
import { DEFAULT_OPTIONS, type ServiceOptions } from '../../src/serve/options.ts';
import { moveAlias } from '../../src/serve/registry/aliases.ts';
import { CONFIGURATION, RECORD, WEIGHTS, writeModelFolder } from '../../src/serve/registry/modelFolder.ts';
import type { ModelRecord } from '../../src/serve/registry/modelRecord.ts';
import { createService } from '../../src/serve/service.ts';
import { setDefaultDevice } from '../../src/tensor/device.ts';
import { manualSeed } from '../../src/tensor/random.ts';

export type Architecture = 'mlp' | 'cnn' | 'autoencoder';

const BATCH_SIZE = 4;

const MODELS = {
  mlp: { name: 'mlp', hidden: [16] },
  cnn: { name: 'cnn', channels: [4, 4], hidden: [8] },
  autoencoder: { name: 'autoencoder', channels: [2], latent: 2 },
};

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-serve-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The weights of an untrained model. */
export async function randomWeights(
  architecture: Architecture,
  seed: number,
  data: DataDescription = FASHION_MNIST_DESCRIPTION,
): Promise<{ configuration: Configuration; tensors: Record<string, SafeTensor> }> {
  const configuration = parseConfiguration({
    name: 'test',
    model: MODELS[architecture],
    optimizer: { name: 'adam' },
  });
  setDefaultDevice(await open('cpu'));
  manualSeed(seed);
  const state = buildModel(configuration.model, data).stateDict();
  const tensors: Record<string, SafeTensor> = {};
  for (const [name, value] of Object.entries(state)) {
    const data = await value.data();
    tensors[name] =
      data instanceof Int32Array
        ? { dtype: 'I64', shape: value.shape, data: BigInt64Array.from(data, BigInt) }
        : { dtype: 'F32', shape: value.shape, data: data };
  }
  return { configuration, tensors };
}

/** Puts a version of a model into a registry, its weights drawn from the seed, and makes it the champion. */
export async function addModel(
  root: string,
  name: string,
  version: number,
  architecture: Architecture = 'mlp',
  data: DataDescription = FASHION_MNIST_DESCRIPTION,
): Promise<void> {
  const { configuration, tensors } = await randomWeights(architecture, version, data);
  const weights = encodeSafetensors(tensors);
  const record: ModelRecord = {
    name,
    version,
    run: `run-${version}`,
    weightsSha256: weightsSha256(tensors),
    classes: data.classes,
    input: { height: data.height, width: data.width, preparation: data.preparation },
    normalisation: { mean: data.mean, std: data.std },
    inputStatistics: {
      images: 100,
      mean: 0.286,
      std: 0.353,
      deciles: [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5],
    },
    metrics: {
      accuracy: 0.9,
      loss: 0.3,
      top2: 0.97,
      ece: 0.02,
      meanCorruptionError: null,
      sizeBytes: weights.length,
      parameterCount: 1,
    },
  };
  await writeModelFolder(
    join(root, name, String(version)),
    new Map<string, string | Uint8Array>([
      [WEIGHTS, weights],
      [CONFIGURATION, printConfiguration(configuration)],
      [RECORD, jsonText(record)],
    ]),
  );
  await moveAlias(join(root, name), 'champion', version);
}

export interface RunningService {
  readonly url: string;
  readonly port: number;
  /** That of the first model. */
  readonly host: ModelHost;
  readonly hosts: readonly ModelHost[];
  readonly root: string;
  readonly metrics: Metrics;
  /** Stops it; the number of requests that were not answered. */
  readonly drain: () => Promise<number>;
}

interface HostChanges extends Partial<HostOptions> {
  /** Opens a device in this thread, where a test can reach it. */
  openDevice?: () => Promise<Backend>;
}

type References = readonly [string | undefined, ...string[]];

/**
 * A service on a port of its own, with a model of random weights on the CPU; it is stopped after the test.
 *
 * @param log receives the lines of its log
 */
export async function startService(
  changes: Partial<ServiceOptions> = {},
  hostChanges: HostChanges = {},
  log?: string[],
): Promise<RunningService> {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1);
  return serveModels({ root, ...hostChanges }, [hostChanges.reference], changes, log);
}

/** As `startService`, with models of a registry, one for each reference. */
export async function serveModels(
  { openDevice = () => open('cpu'), ...hostChanges }: HostChanges & { root: string },
  references: References,
  changes: Partial<ServiceOptions> = {},
  log?: string[],
): Promise<RunningService> {
  const metrics: Metrics = new Metrics(() => hosts);
  const hostOf = (reference: string | undefined): ModelHost =>
    new ModelHost({
      batchSize: BATCH_SIZE,
      delay: 1,
      queueLimit: 300,
      batchTimeout: 60_000,
      pollInterval: 0,
      openEngine: async () => new DeviceEngine(await openDevice(), hostChanges.batchSize ?? BATCH_SIZE),
      onBatch: (images, seconds) => metrics.observeBatch(images, seconds),
      ...hostChanges,
      reference,
    });
  const [first, ...others] = references;
  const hosts = [hostOf(first), ...others.map(hostOf)] as const;
  // A busy machine is no fault of the service.
  const patience = { answerTimeout: 60_000, receiveTimeout: 60_000 };
  const options = { ...DEFAULT_OPTIONS, ...patience, drainDelay: 0, ...changes };
  const logger = log ? { write: (line: string) => void log.push(line) } : false;
  const { app, drain } = await createService(hosts, metrics, options, logger);
  for (const host of hosts) await host.start();
  await app.listen({ host: '127.0.0.1', port: 0 });
  let drained: Promise<number> | undefined;
  const drainOnce = (): Promise<number> => (drained ??= drain());
  onTestFinished(() => drainOnce().then(() => undefined));
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return { url, port, host: hosts[0], hosts, root: hostChanges.root, metrics, drain: drainOnce };
}

/** What `/predict` answers. */
export interface Predicted {
  model: { name: string; version: number };
  predictions: { class: number; name: string; probability: number; probabilities: Record<string, number> }[];
}

/** Brightnesses that differ from image to image. */
export function testImage(seed: number): number[] {
  return Array.from({ length: 784 }, (_, at) => (at * (seed + 3) * 7 + seed * 31) % 256);
}

export async function postJson(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: never }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as never };
}
