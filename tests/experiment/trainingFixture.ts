import { join } from 'node:path';
import type { Backend } from '../../src/backend/backend.ts';
import type { Augmentation } from '../../src/data/augmentation.ts';
import { DeviceDataset } from '../../src/data/loader.ts';
import { type Configuration, parseConfiguration } from '../../src/experiment/configuration.ts';
import type { Datasets } from '../../src/experiment/datasets.ts';
import { type Journal, openJournal } from '../../src/experiment/journal.ts';
import { buildOptimizer } from '../../src/experiment/optimizers.ts';
import { createRunDirectory } from '../../src/experiment/runDirectory.ts';
import type { Summary } from '../../src/experiment/summary.ts';
import { train } from '../../src/experiment/trainer.ts';
import { manualSeed, setDefaultDevice } from '../../src/index.ts';
import { buildModel } from '../../src/models.ts';
import { philox4x32 } from '../../src/backend/philox.ts';

const CLASSES = 10;
const PIXELS = 784;

/** Images that can be told apart: each class lights a band of its own, over noise. */
function images(count: number, stream: number): { images: Uint8Array; labels: Uint8Array; count: number } {
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

export function smallDatasets(device: Backend): Datasets {
  const set = new DeviceDataset(device, trainImages);
  const rows = Uint32Array.from(trainImages.labels.keys());
  return {
    train: { set, rows: rows.slice(0, 500) },
    validation: { set, rows: rows.slice(500) },
    test: { set: new DeviceDataset(device, testImages), rows: Uint32Array.from(testImages.labels.keys()) },
    checksums: {},
  };
}

export interface RunOptions {
  device: Backend;
  /** Folder that the run's folder is made in. */
  folder: string;
  changes?: {
    seed?: number;
    lr?: number;
    epochs?: number;
    logEvery?: number;
    dropout?: number;
    model?: { name: string } & object;
    augmentation?: Augmentation;
    optimizer?: { name: string } & object;
    schedule?: { name: string } & object;
    clipGradNorm?: number;
    accumulate?: number;
    capture?: boolean;
  };
  verifyCapture?: number;
  signal?: AbortSignal;
  /** Called before each record is journalled. */
  onRecord?: (step: number) => void;
}

/** Trains a small network on the small data. */
export async function trainSmall(
  options: RunOptions,
): Promise<{ summary: Summary; configuration: Configuration }> {
  const { device, folder, changes = {}, onRecord } = options;
  const { seed = 1, lr = 0.01, epochs = 2, logEvery = 5, dropout = 0, augmentation = {} } = changes;
  const { accumulate = 1, capture = true } = changes;
  const { optimizer: chosen = { name: 'adam', lr }, schedule = { name: 'none' }, clipGradNorm } = changes;
  const { model: architecture = { name: 'mlp', hidden: [16], dropout } } = changes;
  const configuration = parseConfiguration({
    name: 'small',
    seed,
    data: { augmentation },
    model: architecture,
    optimizer: chosen,
    schedule,
    train: {
      epochs,
      batchSize: 32,
      logEvery,
      accumulate,
      capture,
      ...(clipGradNorm === undefined ? {} : { clipGradNorm }),
    },
    run: { dir: folder },
  });
  setDefaultDevice(device);
  manualSeed(seed);
  const model = buildModel(configuration.model);
  const optimizer = buildOptimizer(configuration.optimizer, model.parameters());
  const directory = await createRunDirectory(folder, 'small');
  const journal = openJournal(join(directory.path, 'metrics.jsonl'));
  const watched: Journal = {
    append: (record) => {
      onRecord?.(record.step);
      journal.append(record);
    },
    sync: journal.sync,
    close: journal.close,
  };
  const signal = options.signal ?? new AbortController().signal;
  try {
    const datasets = smallDatasets(device);
    const summary = await train({
      configuration,
      device,
      model,
      optimizer,
      datasets,
      directory,
      journal: watched,
      signal,
      ...(options.verifyCapture && { verifyCapture: options.verifyCapture }),
    });
    return { summary, configuration };
  } finally {
    journal.close();
  }
}
