import { describe, expect, it } from 'vitest';
import {
  neighbourMap,
  penultimateFeatures,
  principalComponents,
} from '../../../src/pipeline/reporting/embedding.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import { DeviceDataset } from '../../../src/pipeline/data/loader.ts';
import { init, nn } from '../../../src/index.ts';

/** Two groups of points, far apart in the first of four directions. */
const features = Array.from({ length: 60 }, (_, row) =>
  [0, 1, 2, 3].map((axis) => (axis === 0 ? 100 * (row % 2) : ((row * 7 + axis * 5) % 13) / 13)),
);

describe('principalComponents', () => {
  it('finds the direction of the greatest variance first', () => {
    const { points, variance } = principalComponents(features);
    expect(variance[0]).toBeGreaterThan(0.99);
    const [even, odd] = [points[0]![0]!, points[1]![0]!];
    expect(Math.abs(even - odd)).toBeGreaterThan(95);
  });
});

describe('neighbourMap', () => {
  it('keeps groups together, the same for the same seed', async () => {
    const silent = (): void => undefined;
    const map = await neighbourMap(features, 7, silent);
    expect(await neighbourMap(features, 7, silent)).toEqual(map);
    expect(await neighbourMap(features, 8, silent)).not.toEqual(map);
    // The map may tear a group apart, but the nearest points are always of the same group.
    for (const [row, [x, y]] of map.entries()) {
      const distances = map.map(([u, v]) => Math.hypot(u! - x!, v! - y!));
      const nearest = [...map.keys()].sort((a, b) => distances[a]! - distances[b]!).slice(1, 6);
      expect(nearest.map((other) => other % 2)).toEqual(Array(5).fill(row % 2));
    }
  });
});

describe('neighbourMap of few images', () => {
  it.each([2, 3, 15, 16])('%i', async (count) => {
    const map = await neighbourMap(features.slice(0, count), 7, () => undefined);
    expect(map).toHaveLength(count);
    expect(map.flat().every(Number.isFinite)).toBe(true);
  });
});

describe('penultimateFeatures', () => {
  it('are what the last layer gets, in evaluation mode', async () => {
    const device = await init('cpu');
    const images = { images: new Uint8Array(3 * 784).fill(200), labels: Uint8Array.of(0, 1, 2), count: 3 };
    const set = new DeviceDataset(device, images, FASHION_MNIST_DESCRIPTION);
    const model = new nn.Sequential(
      new nn.Flatten(),
      new nn.Linear(784, 6),
      new nn.Dropout(0.5),
      new nn.Linear(6, 10),
    );
    const result = await penultimateFeatures(model, { set, rows: Uint32Array.of(2, 0) });
    expect(result.map((row) => row.length)).toEqual([6, 6]);
    expect(result[0]).toEqual(result[1]);
    expect(model.training).toBe(true);
  });
});
