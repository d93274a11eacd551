import { expect, test } from 'vitest';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import type { AugmentationDraw } from '../../../src/pipeline/data/augmentation.ts';
import { DeviceDataset } from '../../../src/pipeline/data/loader.ts';
import { open } from '../../../src/index.ts';
import { webgpuOrSkip } from '../../adapter.ts';
import { batchOf, EVERYTHING, noise } from './augmentationFixture.ts';

const cpu = await open('cpu');
const set = noise(300);
const rows = Array.from({ length: 300 }, (_, place) => (place * 7) % 300);

const draws: [string, AugmentationDraw | undefined][] = [
  ['plain', undefined],
  ['everything', { ...EVERYTHING, seed: 2 ** 50 + 3, stream: 2 ** 32 - 1 }],
  ['everything, always', { flip: 1, shift: 28, erase: 1, eraseArea: [0, 1], seed: 5, stream: 0 }],
  ['nothing', { flip: 0, shift: 0, erase: 0, seed: 0, stream: 0 }],
];

for (const [name, draw] of draws) {
  test(`a batch, ${name}, has the same bits on WebGPU and the CPU`, async (context) => {
    const device = await webgpuOrSkip(context);
    expect(await batchOf(device, set, rows, draw)).toEqual(await batchOf(cpu, set, rows, draw));
  });
}

test('augmented batches create nothing and upload nothing once they have begun', async (context) => {
  const device = await webgpuOrSkip(context);
  const data = new DeviceDataset(device, set, FASHION_MNIST_DESCRIPTION);
  const order = data.order(Uint32Array.from(rows));
  const step = (start: number, stream: number): void => {
    const { images, labels } = data.batch(order, start, 50, { ...EVERYTHING, seed: 1, stream });
    images.dispose();
    labels.dispose();
  };
  step(0, 0);
  step(50, 1);
  await device.synchronize();
  const before = device.stats();
  for (let stream = 2; stream < 40; stream++) step((stream % 5) * 50, stream);
  await device.synchronize();
  const after = device.stats();
  for (const key of ['buffersCreated', 'bindGroupsCreated', 'pipelinesCreated', 'bytesUploaded'] as const) {
    expect([key, after[key] - before[key]]).toEqual([key, 0]);
  }
});

test('images that are no squares are augmented by their own width, with the same bits', async (context) => {
  const device = await webgpuOrSkip(context);
  const [height, width, count] = [5, 9, 40];
  const images = Uint8Array.from(
    { length: count * height * width },
    (_, at) => Math.imul(at + 1, 2654435761) >>> 24,
  );
  const bytes = { images, labels: new Uint8Array(count), count };
  const description = { ...FASHION_MNIST_DESCRIPTION, height, width };
  const draws: AugmentationDraw[] = [
    { ...EVERYTHING, seed: 3, stream: 1 },
    { flip: 1, shift: 2, erase: 0, seed: 1, stream: 2 },
    // More than a square as high as the image.
    { flip: 0, shift: 0, erase: 1, eraseArea: [0.6, 1], seed: 4, stream: 5 },
    { flip: 0, shift: 0, erase: 1, eraseArea: [0, 0], seed: 6, stream: 7 },
  ];
  for (const draw of draws) {
    const found = [];
    for (const each of [cpu, device]) {
      const data = new DeviceDataset(each, bytes, description);
      const batch = data.batch(
        data.order(Uint32Array.from({ length: count }, (_, row) => row)),
        0,
        count,
        draw,
      );
      expect(batch.images.shape).toEqual([count, 1, height, width]);
      found.push(await batch.images.data());
    }
    expect(found[1]).toEqual(found[0]);
  }
});
