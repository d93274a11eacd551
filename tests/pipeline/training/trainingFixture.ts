import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import { type DataDescription, FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import type { Augmentation } from '../../../src/pipeline/data/augmentation.ts';
import { DeviceDataset } from '../../../src/pipeline/data/loader.ts';
import {
  type Configuration,
  parseConfiguration,
  printConfiguration,
} from '../../../src/pipeline/config/configuration.ts';
import { type Datasets, descriptionFor } from '../../../src/pipeline/data/datasets.ts';
import { type Journal, openJournal } from '../../../src/pipeline/runs/journal/journal.ts';
import type { StepProfiler } from '../../../src/pipeline/diagnostics/profiling/stepProfiler.ts';
import { reopenRun, rewindRun, type Run } from '../../../src/pipeline/experiment/resume.ts';
import { createRunDirectory } from '../../../src/pipeline/runs/directory.ts';
import type { RunSummary } from '../../../src/pipeline/runs/summary.ts';
import { train } from '../../../src/pipeline/training/trainer.ts';
import { setDefaultDevice } from '../../../src/index.ts';
import { writeJson } from '../../../src/pipeline/files/json.ts';
import { initialModel } from '../../../src/pipeline/models/buildModel.ts';
import { philox4x32 } from '../../../src/backend/philox.ts';

const CLASSES = 10;
const PIXELS = 784;

/** Images that can be told apart: each class lights a band of its own, over noise. */
export function images(
  count: number,
  stream: number,
): { images: Uint8Array; labels: Uint8Array; count: number } {
  const labels = Uint8Array.from({ length: count }, (_, index) => index % CLASSES);
  const pixels = Uint8Array.from({ length: count * PIXELS }, (_, at) => {
    const noise = philox4x32([at, 0, stream, 0], [1, 2])[0] % 100;
    const band = Math.floor(((at % PIXELS) * CLASSES) / PIXELS);
    return noise + (band === labels[Math.floor(at / PIXELS)] ? 120 : 0);
  });
  return { images: pixels, labels, count };
}

const trainImages = images(600, 0);
const testImages = images(100, 1);

/** @param isValidated whether images are held out for validation */
export function smallDatasets(
  device: Backend,
  isValidated: boolean = true,
  description: DataDescription = FASHION_MNIST_DESCRIPTION,
): Datasets {
  const set = new DeviceDataset(device, trainImages, description);
  const rows = Uint32Array.from(trainImages.labels.keys());
  return {
    train: { set, rows: rows.slice(0, 500) },
    validation: { set, rows: isValidated ? rows.slice(500) : new Uint32Array(0) },
    test: {
      set: new DeviceDataset(device, testImages, description),
      rows: Uint32Array.from(testImages.labels.keys()),
    },
    checksums: {},
    dataVersion: 'd41d8cd98f00b204e9800998ecf8427e.dir',
  };
}

/** What a test changes about the small training: keys of the configuration, those of `train` without its name. */
export interface Changes {
  seed?: number;
  lr?: number;
  dropout?: number;
  model?: { name: string; [key: string]: unknown };
  augmentation?: Augmentation;
  validation?: number;
  optimizer?: { name: string; [key: string]: unknown };
  schedule?: { name: string; [key: string]: unknown };
  epochs?: number;
  logEvery?: number;
  batchSize?: number;
  accumulate?: number;
  capture?: boolean;
  clipGradNorm?: number;
  labelSmoothing?: number;
  emaDecay?: number;
  precision?: 'float32' | 'float16';
  checkpointEvery?: number;
  keepLast?: number;
  maxMinutes?: number;
  best?: object;
  earlyStopping?: object;
}

export interface RunOptions {
  device: Backend;
  /** Folder that the run's folder is made in. */
  folder: string;
  changes?: Changes;
  verifyCapture?: number;
  profiler?: StepProfiler;
  signal?: AbortSignal;
  /** Called before each record is journalled. */
  onRecord?: (step: number) => void;
}

export interface Outcome {
  summary: RunSummary;
  configuration: Configuration;
  /** The run's folder. */
  path: string;
}

/** The small training, with its runs in a folder. */
export function smallConfiguration(folder: string, changes: Changes = {}): Configuration {
  const { seed = 1, lr = 0.01, dropout = 0, augmentation = {}, validation = 100, ...others } = changes;
  const { optimizer = { name: 'adam', lr }, schedule = { name: 'none' }, ...train } = others;
  const { model = { name: 'mlp', hidden: [16], dropout }, ...trainKeys } = train;
  return parseConfiguration({
    name: 'small',
    seed,
    data: { augmentation, validation },
    model,
    optimizer,
    schedule,
    train: { epochs: 2, batchSize: 32, logEvery: 5, ...trainKeys },
    run: { dir: folder },
  });
}

/** Trains a small network on the small data. */
export async function trainSmall(options: RunOptions): Promise<Outcome> {
  const { folder, changes } = options;
  const configuration = smallConfiguration(folder, changes);
  const directory = await createRunDirectory(folder, 'small');
  writeFileSync(join(directory.path, 'config.yaml'), printConfiguration(configuration));
  return launch({ configuration, directory }, options);
}

/** Goes on with a run from its last checkpoint. */
export async function resumeSmall(
  path: string,
  overrides: string[],
  options: Omit<RunOptions, 'folder' | 'changes'>,
  note: (text: string) => void = () => undefined,
): Promise<Outcome> {
  const run = await reopenRun(path, overrides, note);
  await rewindRun(run);
  return launch(run, options);
}

async function launch(
  { configuration, directory, checkpoint }: Run,
  {
    device,
    signal = new AbortController().signal,
    onRecord,
    verifyCapture,
    profiler,
  }: Omit<RunOptions, 'folder' | 'changes'>,
): Promise<Outcome> {
  setDefaultDevice(device);
  const model = initialModel(configuration, FASHION_MNIST_DESCRIPTION);
  const journal = openJournal(join(directory.path, 'metrics.jsonl'));
  const watched: Journal = {
    append: (record) => {
      onRecord?.(record.step);
      journal.append(record);
    },
    sync: journal.sync,
    close: journal.close,
  };
  // Its progress is nothing that the tests' output needs.
  const progress = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const description = descriptionFor(configuration.model, FASHION_MNIST_DESCRIPTION);
    const datasets = smallDatasets(device, configuration.data.validation > 0, description);
    const summary = await train({
      configuration,
      device,
      model,
      datasets,
      directory,
      journal: watched,
      signal,
      checkpoint,
      verifyCapture,
      profiler,
    });
    await writeJson(join(directory.path, 'summary.json'), summary);
    return { summary, configuration, path: directory.path };
  } finally {
    progress.mockRestore();
    journal.close();
  }
}
