import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import type { Augmentation, AugmentationDraw } from '../../../src/pipeline/data/augmentation.ts';
import { IMAGE_SIZE, PIXEL_MEAN, PIXEL_STD } from '../../../src/pipeline/data/images.ts';
import type { ImageSet } from '../../../src/pipeline/data/images.ts';
import { DeviceDataset } from '../../../src/pipeline/data/loader.ts';
import type { Backend } from '../../../src/index.ts';

export const PIXELS: number = IMAGE_SIZE * IMAGE_SIZE;

/** Every augmentation at once, each in force for about half of the images. */
export const EVERYTHING: Augmentation = { flip: 0.5, shift: 3, erase: 0.5, eraseArea: [0.02, 0.33] };

/** `count` images whose pixel (y, x) has the byte `pixel(y, x, image)`. */
export function imagesOf(count: number, pixel: (y: number, x: number, image: number) => number): ImageSet {
  const images = Uint8Array.from({ length: count * PIXELS }, (_, at) => {
    const place = at % PIXELS;
    return pixel(Math.floor(place / IMAGE_SIZE), place % IMAGE_SIZE, Math.floor(at / PIXELS));
  });
  return { images, labels: Uint8Array.from({ length: count }, (_, image) => image % 10), count };
}

/** Images without a plain stretch, no two alike. */
export function noise(count: number): ImageSet {
  return imagesOf(count, (y, x, image) => Math.imul(image * PIXELS + y * 28 + x + 1, 2654435761) >>> 24);
}

/** The images that a batch over `rows` has, one after the other, as the device holds them: normalised. */
export async function batchOf(
  device: Backend,
  bytes: ImageSet,
  rows: readonly number[],
  draw?: AugmentationDraw,
): Promise<Float32Array> {
  const set = new DeviceDataset(device, bytes, FASHION_MNIST_DESCRIPTION);
  const order = set.order(Uint32Array.from(rows));
  const { images, labels } = set.batch(order, 0, rows.length, draw);
  const data = (await images.data()) as Float32Array;
  for (const each of [images, labels, order, set]) each.dispose();
  return data;
}

/** Bytes again, image by image. */
export function unnormalised(batch: Float32Array): Uint8Array[] {
  return Array.from({ length: batch.length / PIXELS }, (_, image) =>
    Uint8Array.from(batch.subarray(image * PIXELS, (image + 1) * PIXELS), (value) =>
      Math.round((value * PIXEL_STD + PIXEL_MEAN) * 255),
    ),
  );
}
