import { afterAll, expect, test, vi } from 'vitest';
import { open, scope } from '../../../src/index.ts';
import { DeviceDataset } from '../../../src/pipeline/data/loader.ts';
import type { Augmentation } from '../../../src/pipeline/data/augmentation.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import { permutation } from '../../../src/data/permutation.ts';
import { Epoch } from '../../../src/pipeline/training/epoch.ts';
import { imagesOf, PIXELS, unnormalised } from '../data/augmentationFixture.ts';
import { temporaryFolder } from '../files/disks.ts';
import { type Changes, smallConfiguration, trainSmall } from './trainingFixture.ts';

const cpu = await open('cpu');

/** Image i has the byte i + 1 everywhere, but 255 at row 14, column 4. */
const set = new DeviceDataset(
  cpu,
  imagesOf(20, (y, x, image) => (y === 14 && x === 4 ? 255 : image + 1)),
  FASHION_MNIST_DESCRIPTION,
);
afterAll(() => {
  set.dispose();
});
/** The training part: images 2 to 12. */
const rows = Uint32Array.from({ length: 11 }, (_, at) => at + 2);

/** The images of each batch of an epoch, from its step `first` on. */
async function batches(epoch: number, changes: Changes, first = 0): Promise<Uint8Array[][]> {
  const pass = new Epoch(
    { set, rows },
    smallConfiguration('runs', { batchSize: 4, seed: 7, ...changes }),
    epoch,
  );
  const all: Uint8Array[][] = [];
  for (const step of pass.steps(first)) {
    for (const next of step.batches) {
      const { images } = scope(next);
      all.push(unnormalised((await images.data()) as Float32Array));
      images.dispose();
    }
  }
  pass.dispose();
  return all;
}

/** Which image each one was, batch by batch. The last pixel of an image without augmentation tells it. */
async function order(epoch: number, changes: Changes = {}, first = 0): Promise<string[]> {
  const all = await batches(epoch, changes, first);
  return all.map((batch) => batch.map((image) => image[PIXELS - 1]! - 1).join(' '));
}

test('each epoch takes the images in another order; another result would change every training', async () => {
  expect(await order(1)).toEqual(['6 9 8 2', '10 11 12 3', '4 5 7']);
  expect(await order(2)).toEqual(['12 6 9 4', '11 2 5 3', '7 8 10']);
});

test('an epoch goes on from any step with the same batches', async () => {
  const whole = await order(2);
  expect(await order(2, {}, 1)).toEqual(whole.slice(1));
  expect(await order(2, { accumulate: 2 }, 1)).toEqual(whole.slice(2));
});

/** Where the bright pixel went (column, row), and how many pixels are black: shifted in or erased.
 * -1,-1 means that the bright pixel was erased. */
async function changed(epoch: number): Promise<string[]> {
  const augmentation: Augmentation = { flip: 0.5, shift: 2, erase: 0.5, eraseArea: [0.05, 0.1] };
  return (await batches(epoch, { augmentation })).flat().map((image) => {
    const at = image.indexOf(255);
    const black = image.filter((byte) => byte === 0).length;
    return `${at % 28},${Math.floor(at / 28)} ${black}`;
  });
}

test('each epoch changes the images in another way; another result would change every training', async () => {
  expect(await changed(1)).toEqual([
    '2,14 56',
    '23,12 56',
    '5,15 115',
    '23,13 28',
    '4,12 56',
    '24,14 28',
    '2,12 157',
    '4,14 0',
    '4,12 56',
    '5,13 115',
    '22,12 82',
  ]);
  expect(await changed(2)).toEqual([
    '4,14 0',
    '24,16 130',
    '-1,-1 183',
    '-1,-1 164',
    '23,13 98',
    '25,13 82',
    '3,16 145',
    '24,16 82',
    '22,13 55',
    '4,15 28',
    '22,14 28',
  ]);
});

test.each([{ flip: 1 }, { shift: 2 }, { erase: 1 }])('%j alone changes the images', async (alone) => {
  const augmentation = { flip: 0, shift: 0, erase: 0, ...alone };
  expect(await batches(1, { augmentation })).not.toEqual(await batches(1, {}));
});

test('the trainer takes epoch 1, then epoch 2, in the order and with the changes of the seed', async () => {
  const orders = vi.spyOn(DeviceDataset.prototype, 'order');
  const drawn = vi.spyOn(DeviceDataset.prototype, 'batch');
  const augmentation = { flip: 0.5, shift: 2, erase: 0 };
  await trainSmall({ device: cpu, folder: temporaryFolder(), changes: { seed: 5, epochs: 2, augmentation } });
  const ofTraining = orders.mock.calls.map(([rows]) => rows).filter(({ length }) => length === 500);
  expect(ofTraining).toEqual([
    permutation(500, { seed: 5, stream: 1 }),
    permutation(500, { seed: 5, stream: 2 }),
  ]);
  const keys = drawn.mock.calls.flatMap(([, , , draw]) => (draw ? [`${draw.seed} ${draw.stream}`] : []));
  expect([...new Set(keys)]).toEqual(['5 1', '5 2']);
  vi.restoreAllMocks();
});
