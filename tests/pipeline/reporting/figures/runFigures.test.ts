import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { FASHION_MNIST_DESCRIPTION } from '../../../../src/pipeline/data/description.ts';
import { CLASS_NAMES } from '../../../../src/pipeline/data/images.ts';
import { renderFigure } from '../../../../src/pipeline/reporting/figures/render.ts';
import { type FigureData, runFigures } from '../../../../src/pipeline/reporting/figures/runFigures.ts';

const PIXELS = 28 * 28;
const images = {
  images: Uint8Array.from({ length: 20 * PIXELS }, (_, at) => at % 251),
  labels: Uint8Array.from({ length: 20 }, (_, row) => row % 10),
  count: 20,
};

const facts: FigureData = {
  run: '20260101-000000-test',
  description: FASHION_MNIST_DESCRIPTION,
  journal: [
    { kind: 'train', epoch: 1, step: 10, metrics: { loss: 0.9, accuracy: 0.6 } },
    { kind: 'validation', epoch: 1, step: 10, metrics: { loss: 0.8, accuracy: 0.7 } },
    { kind: 'train', epoch: 2, step: 20, metrics: { loss: NaN, accuracy: 0.65 } },
  ],
  measures: {
    accuracy: 0.9,
    ece: 0.0123,
    confusion: CLASS_NAMES.map((_, actual) =>
      CLASS_NAMES.map((_, predicted) => Number(actual === predicted)),
    ),
    reliability: [
      { lower: 0, upper: 0.5, count: 0, confidence: null, accuracy: null },
      { lower: 0.5, upper: 1, count: 10, confidence: 0.8, accuracy: 0.9 },
    ],
    mistakes: [{ row: 3, label: 3, predicted: 6, confidence: 0.987, probability: 0.01 }],
    robustness: {
      images: 20,
      seed: 0,
      perCorruption: [{ corruption: 'shot_noise', accuracy: [0.9, 0.8, 0.7, 0.6, 0.515], error: 0.297 }],
      meanCorruptionError: 0.297,
    },
  },
  train: images,
  test: images,
  weight: { values: Float32Array.from({ length: 4 * 9 }, (_, at) => at - 18), shape: [4, 1, 3, 3] },
  embedding: {
    maps: [{ title: 'PCA', points: Array.from({ length: 20 }, (_, at) => [at, at * at]) }],
    labels: images.labels,
    classes: CLASS_NAMES,
    features: 8,
  },
};

async function draw(name: string, changed: Partial<FigureData> = {}): Promise<string> {
  const figure = runFigures({ ...facts, ...changed }).find((each) => each.name === name);
  const { svg, png } = await renderFigure(figure!.specification!);
  expect(decode(png).width).toBeGreaterThan(300);
  return svg;
}

describe('figures of a run', () => {
  it('are all drawn, the same each time', async () => {
    for (const { specification } of runFigures(facts)) {
      const [first, second] = [await renderFigure(specification!), await renderFigure(specification!)];
      expect(second.svg).toBe(first.svg);
      expect(Buffer.from(second.png).equals(first.png)).toBe(true);
    }
  });

  it('name what they show, with units', async () => {
    expect(await draw('training-curves')).toMatch(/cross-entropy \(nats\)[^]*accuracy \(%\)/);
    expect(await draw('confusion-matrix')).toContain('10 images, 10 classified correctly (100.00 %)');
    expect(await draw('reliability')).toContain('expected calibration error 1.23 %');
    expect(await draw('corruptions')).toMatch(/shot noise[^]*51\.5/);
    expect(await draw('mistakes')).toMatch(/is: Dress[^]*said: Shirt[^]*98\.7 %/);
    expect(await draw('first-layer')).toContain('4 of 4 outputs, 3 × 3 each');
    expect(await draw('embedding')).toContain('20 test images by their 8 features');
    expect(await draw('class-samples')).toContain('Ankle boot');
  });

  it('picture each image and each filter', async () => {
    const pictures = (svg: string): number => svg.split('<image').length - 1;
    expect(pictures(await draw('class-samples'))).toBe(20);
    expect(pictures(await draw('first-layer'))).toBe(4);
    expect(pictures(await draw('mistakes'))).toBe(1);
  });

  it('of a dense first layer are as wide as an image', async () => {
    const weight = { values: new Float32Array(2 * PIXELS).fill(1), shape: [2, PIXELS] };
    expect(await draw('first-layer', { weight })).toContain('2 of 2 outputs, 28 × 28 each');
  });

  it('show classes that are called as the parts of an object are', async () => {
    const classes = CLASS_NAMES.map((name, at) => ['constructor', 'toString'][at] ?? name);
    const description = { ...FASHION_MNIST_DESCRIPTION, classes };
    const embedding = { ...facts.embedding, classes };
    for (const name of ['class-samples', 'mistakes']) await draw(name, { description, embedding });
    expect(await draw('confusion-matrix', { description })).toContain('>constructor</text>');
    expect(await draw('embedding', { embedding })).toContain('>toString</text>');
  });

  it('leave the corruptions out where they were not measured', () => {
    const { accuracy, confusion, ece, reliability, mistakes } = facts.measures;
    const measures = { accuracy, confusion, ece, reliability, mistakes };
    const undrawn = runFigures({ ...facts, measures }).filter(({ specification }) => !specification);
    expect(undrawn.map(({ name }) => name)).toEqual(['corruptions']);
  });
});
