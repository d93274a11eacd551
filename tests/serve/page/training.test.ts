import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openCpu } from '../../../src/backend/cpu/cpu.ts';
import { decodeSafetensors } from '../../../src/formats/safetensors/index.ts';
import { weightsSha256 } from '../../../src/pipeline/checkpoint/weightsSha256.ts';
import {
  type Configuration,
  type ModelConfiguration,
  parseConfiguration,
} from '../../../src/pipeline/config/configuration.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import { DeviceDataset } from '../../../src/pipeline/data/loader.ts';
import { limited, stratifiedSplit } from '../../../src/pipeline/data/split.ts';
import { initialModel } from '../../../src/pipeline/models/buildModel.ts';
import { createRunDirectory } from '../../../src/pipeline/runs/directory.ts';
import { openJournal } from '../../../src/pipeline/runs/journal/journal.ts';
import type { RunSummary } from '../../../src/pipeline/runs/summary.ts';
import { train } from '../../../src/pipeline/training/trainer.ts';
import { architectureOf } from '../../../src/serve/page/client/worker/architecture.ts';
import { Classifier } from '../../../src/serve/page/client/worker/classifier.ts';
import type { Outcome, TrainingEvent } from '../../../src/serve/page/client/worker/messages.ts';
import { PageControl } from '../../../src/serve/page/client/worker/pageControl.ts';
import { type Control, trainModel } from '../../../src/serve/page/client/worker/training.ts';
import { setDefaultDevice } from '../../../src/tensor/device.ts';
import { images } from '../../pipeline/training/trainingFixture.ts';
import { temporaryFolder } from '../fixture.ts';

const data = { train: images(400, 0), test: images(100, 1) };

const MODELS = {
  mlp: { name: 'mlp', hidden: [16], dropout: 0.2 },
  cnn: { name: 'cnn', channels: [4], hidden: [8], dropout: 0.2 },
};

function configurationOf(model: keyof typeof MODELS, epochs: number = 2): Configuration {
  return parseConfiguration({
    name: 'small',
    seed: 3,
    data: { validation: 100, augmentation: { flip: 0.5, shift: 2, erase: 0.2 } },
    model: MODELS[model],
    optimizer: { name: 'adam', lr: 0.005 },
    schedule: { name: 'cosine' },
    train: { epochs, batchSize: 32, logEvery: 5, limitTrain: 250 },
  });
}

/** What `src/train.ts` does with these images. */
async function trainInPipeline(configuration: Configuration): Promise<RunSummary> {
  const device = await openCpu();
  setDefaultDevice(device);
  const model = initialModel(configuration, FASHION_MNIST_DESCRIPTION);
  const { seed, train: limits } = configuration;
  const { labels } = data.train;
  const split = stratifiedSplit(labels, 100, seed);
  const set = new DeviceDataset(device, data.train, FASHION_MNIST_DESCRIPTION);
  const test = new DeviceDataset(device, data.test, FASHION_MNIST_DESCRIPTION);
  const directory = await createRunDirectory(await temporaryFolder(), 'small');
  const journal = openJournal(join(directory.path, 'metrics.jsonl'));
  const progress = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    return await train({
      configuration,
      device,
      model,
      datasets: {
        train: { set, rows: limited(labels, split.train, limits.limitTrain, seed) },
        validation: { set, rows: split.validation },
        test: { set: test, rows: Uint32Array.from(data.test.labels.keys()) },
        checksums: {},
        dataVersion: '',
      },
      directory,
      journal,
      signal: new AbortController().signal,
    });
  } finally {
    progress.mockRestore();
    journal.close();
  }
}

async function trainOnPage(
  configuration: Configuration,
  control: Control = new PageControl(),
): Promise<{ outcome: Outcome; events: TrainingEvent[] }> {
  const device = await openCpu();
  setDefaultDevice(device);
  const events: TrainingEvent[] = [];
  const outcome = await trainModel(configuration, device, data, (event) => events.push(event), control);
  return { outcome, events };
}

describe('a training on the page', () => {
  it.each(['mlp', 'cnn'] as const)(
    'of the %s gives the bits of src/train.ts on the CPU backend',
    async (model) => {
      const configuration = configurationOf(model);
      const expected = await trainInPipeline(configuration);
      const { outcome } = await trainOnPage(configuration);
      expect(weightsSha256(decodeSafetensors(outcome.weights).tensors)).toBe(expected.weightsSha256);
      expect(outcome).toMatchObject({
        stopped: false,
        epochs: expected.epochs,
        steps: expected.steps,
        bestEpoch: expected.bestEpoch,
        parameters: expected.parameterCount,
        test: { accuracy: expected.testAccuracy, loss: expected.testLoss, images: 100 },
      });
    },
  );

  it('reports its metrics, filters and judgements', async () => {
    const { outcome, events } = await trainOnPage(configurationOf('mlp'));
    const of = <Kind extends TrainingEvent['kind']>(kind: Kind): Extract<TrainingEvent, { kind: Kind }>[] =>
      events.filter((event) => event.kind === kind) as Extract<TrainingEvent, { kind: Kind }>[];
    // 250 images: 8 steps an epoch. The metrics are read at its end, and before, where 5 are done or time has passed.
    const progress = of('progress').map(({ epoch, step, steps }) => [epoch, step, steps]);
    expect(progress).toContainEqual([1, 8, 16]);
    expect(progress.at(-1)).toEqual([2, 16, 16]);
    expect(progress.map(([, step]) => step)).toEqual(
      progress.map(([, step]) => step).toSorted((a, b) => a! - b!),
    );
    const [filters] = of('filters');
    expect(filters).toMatchObject({ count: 16, height: 28, width: 28 });
    expect(filters!.values).toHaveLength(16 * 784);
    const ends = of('validation').filter(({ epoch }) => epoch !== undefined);
    expect(ends.map(({ epoch, step, judgement }) => [epoch, step, judgement.images])).toEqual([
      [1, 8, 100],
      [2, 16, 100],
    ]);
    const { confusion, accuracy } = outcome.test;
    const right = confusion.reduce((sum, row, label) => sum + row[label]!, 0);
    expect(right / 100).toBeCloseTo(accuracy, 12);
    expect(confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(100);
  });

  it('stops between two steps, and tests the weights that there are', async () => {
    const control = {
      stopped: false,
      turn: () => {
        control.stopped = true;
        return Promise.resolve();
      },
    };
    const { outcome } = await trainOnPage(configurationOf('mlp'), control);
    expect(outcome).toMatchObject({ stopped: true, epochs: 0, bestEpoch: 0 });
    expect(outcome.steps).toBeLessThan(8);
    expect(outcome.test.images).toBe(100);
  });

  it('waits for its turn while it is paused', async () => {
    const control = new PageControl();
    const order: string[] = [];
    control.pause();
    const turn = control.turn().then(() => order.push('turn'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push('resume');
    control.resume();
    await turn;
    expect(order).toEqual(['resume', 'turn']);
  });

  it.each(['mlp', 'cnn'] as const)('gives weights of the %s that load again', async (name) => {
    const configuration = configurationOf(name, 1);
    const { outcome } = await trainOnPage(configuration);
    const { weights } = outcome;
    const model = architectureOf(weights);
    const open = async (stored: ModelConfiguration): Promise<Classifier> => {
      const device = await openCpu();
      setDefaultDevice(device);
      return Classifier.open(device, { model: stored, data: FASHION_MNIST_DESCRIPTION, weights });
    };
    const pixels = data.test.images.slice(0, 784);
    const loaded = await (await open(model)).classify(pixels);
    const original = await (await open(configuration.model)).classify(pixels);
    expect(loaded.probabilities).toEqual(original.probabilities);
    expect(loaded.probabilities.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
  });
});
