import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, type TestContext } from 'vitest';
import type { Backend, DeviceStats } from '../../../src/backend/backend.ts';
import type { Augmentation } from '../../../src/pipeline/data/augmentation.ts';
import { readJournal } from '../../../src/pipeline/runs/journal/journal.ts';
import { decodeSafetensors, type SafetensorsFile } from '../../../src/formats/safetensors/index.ts';
import { Interruption, TrainingError } from '../../../src/pipeline/training/errors.ts';
import { temporaryFolder } from '../files/disks.ts';
import { images, trainSmall } from './trainingFixture.ts';

type Open = (context: TestContext) => Promise<Backend>;

function checkpoint(folder: string, name: string): SafetensorsFile {
  return decodeSafetensors(readFileSync(join(folder, 'latest', 'checkpoints', `${name}.safetensors`)));
}

function isFinite({ tensors }: SafetensorsFile): boolean {
  return [...tensors.values()].every(({ data }) => Array.from(data as Float32Array).every(Number.isFinite));
}

function binaryEntropy(p: number): number {
  return -(p * Math.log(p) + (1 - p) * Math.log(1 - p));
}

function meanBrightness(): number {
  const { images: pixels } = images(100, 1);
  return pixels.reduce((sum, value) => sum + value, 0) / pixels.length / 255;
}

/** What the trainer promises, on a device. `open` gives one that may be shared, `openOwn` one to destroy. */
export function trainerSuite(open: Open, openOwn: Open): void {
  it('learns, and writes weights under PyTorch’s names', async (context) => {
    const device = await open(context);
    const folder = temporaryFolder();
    const { summary } = await trainSmall({ device, folder, changes: { epochs: 5 } });
    expect(summary.testAccuracy).toBeGreaterThan(0.9);
    expect(summary.validation!.accuracy).toBeGreaterThan(0.9);
    expect(summary.parameterCount).toBe(784 * 16 + 16 + 16 * 10 + 10);
    const best = checkpoint(folder, 'best');
    expect([...best.tensors.keys()]).toEqual(
      expect.arrayContaining(['1.weight', '1.bias', '3.weight', '3.bias']),
    );
    expect(best.tensors.get('1.weight')!.shape).toEqual([16, 784]);
    expect(best.metadata.get('format')).toBe('pt');
    const kinds = readJournal(join(folder, 'latest', 'metrics.jsonl')).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['train', 'validation', 'test']));
  });

  it('teaches an autoencoder to rebuild images: its measures are the loss and its terms, and the least loss is the best', async (context) => {
    const device = await open(context);
    const folder = temporaryFolder();
    const model = { name: 'autoencoder', channels: [4], latent: 4 };
    const { summary } = await trainSmall({ device, folder, changes: { model, epochs: 6 } });
    const { testLoss, testReconstruction, testKl, validation } = summary;
    expect(Object.keys(validation!)).toEqual(['loss', 'reconstruction', 'kl']);
    expect('testAccuracy' in summary).toBe(false);
    expect(testReconstruction! + testKl!).toBeCloseTo(testLoss, 3);
    const records = readJournal(join(folder, 'latest', 'metrics.jsonl'));
    const names = ['loss', 'reconstruction', 'kl', 'lr', 'samplesPerSecond'];
    expect(Object.keys(records.find(({ kind }) => kind === 'train')!.metrics)).toEqual(names);
    const losses = records.filter(({ kind }) => kind === 'validation').map(({ metrics }) => metrics['loss']!);
    expect(summary.bestEpoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
    expect(validation!.loss).toBe(Math.min(...losses));
    // A grey picture of the mean brightness, the same for every image.
    const flat = 784 * binaryEntropy(meanBrightness());
    expect(testLoss).toBeLessThan(flat);
  });

  it('keeps the average of the weights as the best, and the weights to go on from', async (context) => {
    const device = await open(context);
    const folder = temporaryFolder();
    const { summary } = await trainSmall({
      device,
      folder,
      changes: { epochs: 5, emaDecay: 0.9, best: { metric: 'loss' } },
    });
    expect(summary.testAccuracy).toBeGreaterThan(0.9);
    const [best, last] = ['best', 'last'].map((name) => checkpoint(folder, name).tensors);
    expect(summary.bestEpoch).toBe(5);
    const data = (tensors: typeof best, name: string): unknown => tensors!.get(name)!.data;
    expect(data(best, '1.weight')).toEqual(data(last, 'optimizer.average.1.weight'));
    expect(data(best, '1.weight')).not.toEqual(data(last, '1.weight'));
    expect(best!.has('optimizer.average.1.weight')).toBe(false);
  });

  it('gives the same weights for the same seed, dropout and augmentation included, and others for another', async (context) => {
    const device = await open(context);
    const hash = async (seed: number, augmentation?: Augmentation): Promise<string> => {
      const { summary } = await trainSmall({
        device,
        folder: temporaryFolder(),
        changes: { seed, dropout: 0.2, ...(augmentation && { augmentation }) },
      });
      return summary.weightsSha256;
    };
    const augmentation = { flip: 0.5, shift: 2, erase: 0.3 };
    const first = await hash(3, augmentation);
    expect(await hash(3, augmentation)).toBe(first);
    expect(await hash(4, augmentation)).not.toBe(first);
    expect(await hash(3)).not.toBe(first);
  });

  it('gives the same weights for the same seed with every optimizer, schedule and clipping', async (context) => {
    const device = await open(context);
    const variants = [
      { optimizer: { name: 'adamw' }, schedule: { name: 'onecycle', maxLr: 0.02 }, clipGradNorm: 0.5 },
      {
        optimizer: { name: 'rmsprop', momentum: 0.9, centered: true, lr: 1e-3 },
        schedule: { name: 'cosine' },
      },
      { optimizer: { name: 'sgd', lr: 0.1 }, schedule: { name: 'linear' }, clipGradNorm: 1 },
    ];
    for (const changes of variants) {
      const [first, second] = [
        await trainSmall({ device, folder: temporaryFolder(), changes }),
        await trainSmall({ device, folder: temporaryFolder(), changes }),
      ];
      expect(second.summary.weightsSha256).toBe(first.summary.weightsSha256);
      expect(first.summary.testAccuracy).toBeGreaterThan(0.3);
    }
  });

  it('gives the same weights and the same records with replayed steps as with steps that are run', async (context) => {
    const device = await open(context);
    const augmentation = { flip: 0.5, shift: 2, erase: 0.3 };
    const variants = [
      { dropout: 0.2, augmentation, clipGradNorm: 1, schedule: { name: 'onecycle', maxLr: 0.02 } },
      { optimizer: { name: 'sgd', lr: 0.1, momentum: 0.9, nesterov: true }, accumulate: 3 },
      { model: { name: 'cnn', channels: [2, 3], hidden: [8], dropout: 0.2 }, optimizer: { name: 'adamw' } },
      { model: { name: 'resnet', channels: [2, 3] }, emaDecay: 0.9, labelSmoothing: 0.1 },
      { model: { name: 'autoencoder', channels: [2, 3], latent: 3 }, accumulate: 3, clipGradNorm: 100 },
    ];
    for (const changes of variants) {
      const outcome = async (capture: boolean): Promise<unknown> => {
        const folder = temporaryFolder();
        const { summary } = await trainSmall({ device, folder, changes: { ...changes, capture } });
        const records = readJournal(join(folder, 'latest', 'metrics.jsonl'));
        const timeless = records.map(({ metrics }) => ({ ...metrics, samplesPerSecond: 0 }));
        return { hash: summary.weightsSha256, timeless };
      };
      const replayed = await outcome(true);
      const run = await outcome(false);
      expect(replayed).toEqual(run);
    }
  });

  it('compares replayed steps with steps that are run, bit by bit', async (context) => {
    const device = await open(context);
    const changes = { dropout: 0.2, clipGradNorm: 1, augmentation: { flip: 0.5, shift: 2, erase: 0.3 } };
    const plain = await trainSmall({ device, folder: temporaryFolder(), changes });
    const verified = await trainSmall({ device, folder: temporaryFolder(), changes, verifyCapture: 3 });
    expect(verified.summary.weightsSha256).toBe(plain.summary.weightsSha256);
  });

  const schedules = [
    ['exponential, by epochs', { name: 'exponential', gamma: 0.5 }, [0.01, 0.005, 0.0025], 0.00125],
    ['step', { name: 'step', stepSize: 2 }, [0.01, 0.01, 0.001], 0.001],
    ['linear', { name: 'linear', startFactor: 0.5, totalIters: 1 }, [0.005, 0.01, 0.01], 0.01],
    ['cosine over all epochs', { name: 'cosine' }, [0.01, 0.0075, 0.0025], 0],
    [
      'a plateau at once',
      { name: 'plateau', patience: 0, threshold: 9, thresholdMode: 'abs', factor: 0.5 },
      [0.01, 0.01, 0.005],
      0.0025,
    ],
  ] as const;
  for (const [name, schedule, rates, next] of schedules) {
    it(`journals the rates of a schedule: ${name}`, async (context) => {
      const device = await open(context);
      const folder = temporaryFolder();
      await trainSmall({ device, folder, changes: { epochs: 3, logEvery: 16, schedule } });
      const records = readJournal(join(folder, 'latest', 'metrics.jsonl')).filter(
        ({ kind }) => kind === 'train',
      );
      expect(records.map(({ metrics }) => metrics.lr)).toEqual(
        rates.map((lr) => expect.closeTo(lr, 12) as number),
      );
      const { metadata } = checkpoint(folder, 'last');
      const [group] = JSON.parse(metadata.get('optimizerGroups')!) as [{ lr: number; initial_lr: number }];
      expect(group).toMatchObject({
        lr: expect.closeTo(next, 12) as number,
        weight_decay: 0,
        params: [0, 1, 2, 3],
      });
      const state = JSON.parse(metadata.get('schedule')!) as Record<string, unknown>;
      expect(state).toMatchObject({ last_epoch: 3, _last_lr: [group.lr] });
    });
  }

  it('moves a onecycle rate at every step, to its end', async (context) => {
    const device = await open(context);
    const folder = temporaryFolder();
    const schedule = {
      name: 'onecycle',
      maxLr: 0.1,
      divFactor: 10,
      finalDivFactor: 10,
      annealStrategy: 'linear',
    };
    await trainSmall({ device, folder, changes: { epochs: 2, logEvery: 1, schedule } });
    const rates = readJournal(join(folder, 'latest', 'metrics.jsonl')).flatMap(({ kind, metrics }) =>
      kind === 'train' ? [metrics.lr!] : [],
    );
    expect(rates).toHaveLength(32);
    expect(rates[0]).toBeCloseTo(0.01, 12);
    expect(Math.max(...rates)).toBeLessThanOrEqual(0.1);
    expect(rates.at(-1)).toBeCloseTo(0.001, 12);
    const [group] = JSON.parse(checkpoint(folder, 'last').metadata.get('optimizerGroups')!) as [
      { lr: number; betas: number[] },
    ];
    expect(group.lr).toBe(rates.at(-1));
    expect(group.betas).toEqual([0.95, 0.999]);
  });

  it('stops at a loss that is not finite, naming step and checkpoint', async (context) => {
    const device = await open(context);
    const folder = temporaryFolder();
    const failure = await trainSmall({ device, folder, changes: { lr: 1e30 } }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(TrainingError);
    expect(String(failure)).toMatch(/The loss became (NaN|Infinity|-Infinity) at step \d+ \(epoch 1\)/);
    expect(String(failure)).toContain('last.safetensors (epoch 0, step 0)');
    expect(isFinite(checkpoint(folder, 'last'))).toBe(true);
  });

  it('learns with float16 factors, and journals the scale of the loss; or says what is missing', async (context) => {
    const device = await open(context);
    const folder = temporaryFolder();
    const training = trainSmall({ device, folder, changes: { precision: 'float16' } });
    if (!device.supports('float16')) {
      await expect(training).rejects.toThrow(/float16[^]*shader-f16[^]*train.precision=float32/);
      return;
    }
    const { summary, path } = await training;
    expect(summary.precision).toBe('float16');
    expect(summary.testAccuracy).toBeGreaterThan(0.9);
    const scales = readJournal(join(path, 'metrics.jsonl')).flatMap((record) =>
      record.kind === 'train' ? record.metrics['lossScale'] : [],
    );
    expect(scales.length).toBeGreaterThan(0);
    expect(scales.every((scale) => scale! > 0 && Number.isInteger(Math.log2(scale!)))).toBe(true);
  });

  it('stops on an interruption with a checkpoint', async (context) => {
    const device = await open(context);
    const folder = temporaryFolder();
    const controller = new AbortController();
    const onRecord = (step: number): void => {
      if (step === 10) controller.abort();
    };
    const run = trainSmall({ device, folder, signal: controller.signal, onRecord });
    await expect(run).rejects.toThrow(Interruption);
    expect(checkpoint(folder, 'last').metadata.get('step')).toBe('10');
  });

  it('ends in a clear error, with an intact checkpoint, when the device goes', async (context) => {
    const device = await openOwn(context);
    const folder = temporaryFolder();
    const onRecord = (step: number): void => {
      if (step === 21) device.destroy();
    };
    const failure = await trainSmall({ device, folder, onRecord }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TrainingError);
    expect(String(failure)).toMatch(/device was destroyed|device is lost/);
    expect(String(failure)).toContain('last.safetensors (epoch 1, step 16)');
    expect(isFinite(checkpoint(folder, 'last'))).toBe(true);
    expect(await readdir(join(folder, 'latest', 'checkpoints'))).toEqual([
      'best.safetensors',
      'last.safetensors',
      'step-00000000.safetensors',
    ]);
  });

  const mlp = { name: 'mlp', hidden: [16] };
  const cnn = { name: 'cnn', channels: [2, 3], hidden: [8], dropout: 0.2 };
  const augmentation = { flip: 0.5, shift: 2, erase: 0.5 };
  it.for([
    [
      'an MLP',
      1000,
      { model: mlp, optimizer: { name: 'adamw' }, schedule: { name: 'onecycle', maxLr: 0.01 } },
    ],
    ['a CNN on augmented images', 100, { model: cnn, augmentation }],
  ] as const)(
    '%s creates and uploads nothing in steady state, over %i steps',
    { timeout: 120_000 },
    async ([, steps, changes], context) => {
      const device = await openOwn(context);
      const perEpoch = 16;
      const epochs = 4 + Math.ceil(steps / perEpoch);
      const stats: DeviceStats[] = [];
      const onRecord = (step: number): void => {
        if (step === 4 * perEpoch || step === epochs * perEpoch) stats.push(device.stats());
      };
      const all = { ...changes, epochs, logEvery: perEpoch, clipGradNorm: 1 };
      await trainSmall({ device, folder: temporaryFolder(), changes: all, onRecord });
      // Each step ends an epoch and has two records, its training's and its validation's: compare like with like.
      const [before, , after] = stats as [DeviceStats, DeviceStats, DeviceStats];
      expect(after.bytesAlive).toBe(before.bytesAlive);
      expect(after.buffersAlive).toBe(before.buffersAlive);
      expect(after.buffersCreated).toBe(before.buffersCreated);
      expect(after.bindGroupsCreated).toBe(before.bindGroupsCreated);
      expect(after.pipelinesCreated).toBe(before.pipelinesCreated);
      // An epoch uploads the order of its images, and that of the validation images.
      expect(after.bytesUploaded - before.bytesUploaded).toBe((epochs - 4) * (500 + 100) * 4);
    },
  );
}
