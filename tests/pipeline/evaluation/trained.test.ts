// Evaluations of trained models, and the parts of a data set that trainings and evaluations get.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { init, manualSeed, nn, setDefaultDevice, zeros } from '../../../src/index.ts';
import { type Configuration, parseConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { obtainDatasets, openTestPart } from '../../../src/pipeline/data/datasets.ts';
import type { DataDescription } from '../../../src/pipeline/data/description.ts';
import type { EvaluationReport, Robustness } from '../../../src/pipeline/evaluation/report/report.ts';
import { evaluateTrained, type TrainedModel } from '../../../src/pipeline/evaluation/trained.ts';
import { corruptedAccuracy } from '../../../src/pipeline/evaluation/corruptedAccuracy.ts';
import { temporaryFolder } from '../files/disks.ts';
import { sampleReport } from './sampleReport.ts';

const signal = new AbortController().signal;
const STEPS = 60;

/** CSV files of square images of two classes: 20 to train on, 8 to test. */
function folderOf(side: number, classes: readonly string[] = ['cat', 'dog']): string {
  const root = temporaryFolder();
  const pixels = Array.from({ length: side * side }, (_, at) => at);
  const table = (count: number, shift: number): string =>
    [
      ['label', ...pixels.map((at) => `pixel${at}`)],
      ...Array.from({ length: count }, (_, row) => [
        classes[row % 2],
        ...pixels.map((at) => (at * 7 + row * STEPS + shift) % 256),
      ]),
    ].join('\n');
  writeFileSync(join(root, 'train.csv'), table(20, 0));
  writeFileSync(join(root, 'test.csv'), table(8, 5));
  return root;
}

function configured(root: string, data: object = {}, train: object = {}): Configuration {
  return parseConfiguration({
    name: 'x',
    seed: 3,
    device: 'cpu',
    data: { name: 'mine', format: 'csv', root, validation: 0.2, ...data },
    model: { name: 'mlp', hidden: [] },
    optimizer: { name: 'adam' },
    train,
  });
}

const description = (side: number): DataDescription => ({
  height: side,
  width: side,
  classes: ['cat', 'dog'],
  mean: 0.5,
  std: 0.25,
  preparation: 'resize',
});

/** Softmax regression, whose weights follow from the seed, as a trained model. */
function trainedModel(
  name: string,
  configuration: Configuration,
  side: number,
  seed = 1,
  data = description(side),
): TrainedModel {
  const load = () => {
    manualSeed(seed);
    const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(side * side, 2));
    return Promise.resolve({ model: model.eval(), data });
  };
  return { name, configuration, run: undefined, load };
}

beforeAll(() => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return () => {
    vi.restoreAllMocks();
    setDefaultDevice(undefined);
  };
});

describe('an evaluation', () => {
  const evaluate = (trained: TrainedModel, options: object = {}) =>
    evaluateTrained(trained, { tuning: () => ({}), ...options }) as Promise<EvaluationReport>;

  it('has the test images of the configuration, or as many as wanted', async () => {
    const root = folderOf(2);
    const images = async (configuration: Configuration, options?: object): Promise<number> =>
      (await evaluate(trainedModel('m', configuration, 2), options)).dataset.images;
    expect(await images(configured(root))).toBe(8);
    expect(await images(configured(root, {}, { limitTest: 4, limitTrain: 2 }))).toBe(4);
    expect(await images(configured(root, {}, { limitTest: 4 }), { limit: 6 })).toBe(6);
    expect(await images(configured(root), { limit: 99 })).toBe(8);
    const report = await evaluate(trainedModel('m', configured(root), 2));
    expect(report).toMatchObject({
      version: 1,
      run: 'm',
      parameterCount: 10,
      dataset: { name: 'mine', split: 'test', images: 8 },
    });
    expect(Object.keys(report.dataset.checksums)).toEqual(['test.csv', 'train.csv']);
    expect(report.classes.map(({ name, support }) => [name, support])).toEqual([
      ['cat', 4],
      ['dog', 4],
    ]);
    expect('robustness' in report || 'comparison' in report).toBe(false);
  });

  it('compares models that were trained on the same data', async () => {
    const configuration = configured(folderOf(2));
    const model = trainedModel('m', configuration, 2);
    const same = await evaluate(model, { compareWith: trainedModel('o', configuration, 2) });
    expect(same.comparison).toMatchObject({
      run: 'o',
      images: 8,
      onlyFirst: 0,
      onlyOther: 0,
      weightsSha256: same.weightsSha256,
    });
    const other = await evaluate(model, { compareWith: trainedModel('o', configuration, 2, 2) });
    expect(other.comparison!.weightsSha256).not.toBe(other.weightsSha256);
    const { bothRight, onlyFirst, onlyOther, bothWrong } = other.comparison!;
    expect(bothRight + onlyFirst + onlyOther + bothWrong).toBe(8);
    expect((bothRight + onlyFirst) / 8).toBe(other.accuracy);
    for (const [change, message] of [
      [{ mean: 0.4 }, 'images with another mean and standard deviation'],
      [{ classes: ['cat', 'cow'] }, 'got 2 × 2 pixels, 2 classes (cat, cow)'],
    ] as const) {
      const stranger = trainedModel('o', configuration, 2, 1, { ...description(2), ...change });
      await expect(evaluate(model, { compareWith: stranger })).rejects.toThrow(message);
    }
  });

  it('refuses images that do not fit the model, and versions of data that are no versions of Fashion-MNIST', async () => {
    const model = trainedModel('m', configured(folderOf(3)), 2);
    await expect(evaluate(model)).rejects.toThrow(/mine: does not fit the model[^]*2 × 2[^]*got 3 × 3/);
    await expect(evaluate(model, { data: 'half' })).rejects.toThrow('m was not trained on Fashion-MNIST');
    const small = trainedModel('m', configured(folderOf(2)), 2);
    await expect(evaluate(small, { robustness: {} })).rejects.toThrow(
      'the corruptions are not defined for these images',
    );
  });

  it('measures robustness on some images, relative to a baseline', async () => {
    const configuration = configured(folderOf(28));
    const model = trainedModel('m', configuration, 28);
    const robustnessOf = async (options: object): Promise<Robustness> =>
      (await evaluate(model, { robustness: options })).robustness!;
    const plain = await robustnessOf({ images: 2 });
    expect([plain.images, plain.seed, plain.perCorruption.length, plain.normalised]).toEqual([
      2,
      0,
      28,
      undefined,
    ]);
    // Without severities a corruption is measured once.
    const flips = plain.perCorruption.find(({ corruption }) => corruption === 'flip_sides')!;
    expect(new Set(flips.accuracy).size).toBe(1);
    expect(plain.perCorruption.every(({ accuracy }) => accuracy.length === 5)).toBe(true);
    const errors = plain.perCorruption.map((scores) => ({ ...scores, error: 0.5 }));
    const baseline = { ...sampleReport, run: 'base', robustness: { ...plain, perCorruption: errors } };
    const relative = await robustnessOf({ images: 2, baseline });
    expect(relative.normalised!.baseline).toEqual({ run: 'base', weightsSha256: sampleReport.weightsSha256 });
    expect(relative.normalised!.meanCorruptionError).toBeCloseTo(plain.meanCorruptionError / 0.5, 12);
    await expect(robustnessOf({ images: 4, baseline })).rejects.toThrow(
      'it takes 4 images corrupted with seed 0, got 2',
    );
  });
});

describe('the parts of a data set', () => {
  it('are as many images as wanted, chosen evenly over the classes', async () => {
    const device = await init('cpu');
    const configuration = configured(folderOf(2), {}, { limitTrain: 6, limitTest: 2 });
    const { train, validation, test } = await obtainDatasets(configuration, device, signal);
    expect([train.rows.length, validation.rows.length, test.rows.length]).toEqual([6, 4, 2]);
    expect([...train.rows].filter((row) => row % 2 === 0)).toHaveLength(3);
    expect([...train.rows].some((row) => validation.rows.includes(row))).toBe(false);
    expect(test.set).not.toBe(train.set);
    const whole = await obtainDatasets(configured(folderOf(2)), device, signal);
    expect([whole.train.rows.length, whole.validation.rows.length, whole.test.rows.length]).toEqual([
      16, 4, 8,
    ]);
  });

  it('leave an image to train on', async () => {
    const device = await init('cpu');
    const root = folderOf(2);
    const trainImages = async (validation: number): Promise<number> =>
      (await obtainDatasets(configured(root, { validation }), device, signal)).train.rows.length;
    expect([await trainImages(0), await trainImages(19), await trainImages(0.5)]).toEqual([20, 1, 10]);
    await expect(trainImages(20)).rejects.toThrow('data.validation: nothing is left to train on');
    await expect(trainImages(21)).rejects.toThrow(
      /more images than there are[^]*at most the 20 training images/,
    );
    await expect(trainImages(0.99)).rejects.toThrow('nothing is left to train on');
  });

  it('that are tested are normalised as those of the model', async () => {
    const device = await init('cpu');
    const trained = { ...description(2), mean: 0, std: 0.5 };
    const { set, rows, data } = await openTestPart(configured(folderOf(2)), trained, device, signal);
    expect(set.description).toEqual(trained);
    expect(data.description.mean).not.toBe(0);
    const { images } = set.batch(set.order(rows), 0, 1);
    const [first] = data.test.images;
    expect((await images.data())[0]).toBeCloseTo(first! / 255 / 0.5, 6);
  });

  it('take places within their order only', async () => {
    const device = await init('cpu');
    const { train } = await obtainDatasets(configured(folderOf(2)), device, signal);
    const order = train.set.order(Uint32Array.of(4, 5, 6));
    expect([...(await train.set.batch(order, 1, 2).labels.data())]).toEqual([1, 0]);
    expect([...(await train.set.batch(order.slice([1, 3]), 0, 2).labels.data())]).toEqual([1, 0]);
    for (const [start, size] of [
      [-1, 1],
      [0, 0],
      [2, 2],
      [3, 1],
      [0, 4],
    ] as const) {
      expect(() => train.set.batch(order, start, size)).toThrow('batch: out of the order');
    }
  });
});

it('accuracy on corrupted images is that of the chosen rows', async () => {
  const device = await init('cpu');
  const dense = new nn.Linear(784, 2);
  dense.loadStateDict({ weight: zeros([2, 784]), bias: zeros([2]) });
  const model = new nn.Sequential(new nn.Flatten(), dense);
  // Of equal classes the first is predicted: right for one of the two.
  const set = { images: new Uint8Array(3 * 784).fill(9), labels: Uint8Array.of(1, 0, 0), count: 3 };
  const accuracies = await corruptedAccuracy(model, device, description(28), set, Uint32Array.of(0, 1), 0);
  expect([...accuracies.values()].flat().every((accuracy) => accuracy === 0.5)).toBe(true);
});
