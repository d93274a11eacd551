import { changedPlaces, drawChange } from '../../../backend/cpu/augmentImages.ts';
import { multiplyHigh, philox4x32 } from '../../../backend/philox.ts';
import { augmentationParams } from '../augmentation.ts';
import { corrupt } from '../corruptions/index.ts';
import { PIXELS, SIZE } from '../corruptions/image.ts';
import { DataError } from '../errors.ts';
import type { ImageSet } from '../images.ts';
import { subset } from '../split.ts';
import type { AugmentTransform, CorruptTransform, SubsetTransform, Transform } from './definition.ts';

/** Images that are computed on demand, in any order. */
export interface LazyImages {
  readonly labels: Uint8Array;
  /** uint8[784]: the image at that index. */
  readonly image: (index: number) => Uint8Array;
}

/** Separates the draw of the corruption from other random numbers ("pick" in ASCII). */
const PICK_DOMAIN = 0x7069636b;

/** Half a gigabyte; larger files would be refused when they are loaded. */
const MOST_IMAGES = 600_000;

/** The images of a set, unchanged. */
export function imagesOf({ images, labels }: ImageSet): LazyImages {
  return { labels, image: (index) => images.subarray(index * PIXELS, (index + 1) * PIXELS) };
}

/**
 * The images after some steps. Random numbers depend on the seed and on the index of the image among those that the step
 * gets.
 *
 * @throws DataError when a step leaves no image, or more than 600,000
 */
export function applySteps(source: LazyImages, steps: readonly Transform[], seed: number): LazyImages {
  return steps.reduce((images, step) => {
    const next = applyStep(images, step, seed);
    if (next.labels.length >= 1 && next.labels.length <= MOST_IMAGES) return next;
    throw new DataError(`step ${step.step}: an impossible number of images`, {
      expected: `1 to ${MOST_IMAGES}`,
      got: String(next.labels.length),
    });
  }, source);
}

function applyStep(source: LazyImages, step: Transform, seed: number): LazyImages {
  if (step.step === 'subset') return subsetOf(source, step, seed);
  return step.step === 'augment' ? augmented(source, step, seed) : corrupted(source, step, seed);
}

function subsetOf(
  { labels, image }: LazyImages,
  { size = 1, classes }: SubsetTransform,
  seed: number,
): LazyImages {
  const all = Uint32Array.from(labels.keys());
  const among = classes === undefined ? all : all.filter((index) => classes.includes(labels[index]!));
  const whole = size === 1;
  const count = size < 1 ? Math.round(size * among.length) : size;
  if (!whole && count > among.length) {
    throw new DataError('step subset: more images than there are', {
      expected: `at most ${among.length}`,
      got: String(count),
    });
  }
  const rows = whole ? among : subset(labels, count, seed, among);
  return {
    labels: Uint8Array.from(rows, (row) => labels[row]!),
    image: (index) => image(rows[index]!),
  };
}

function augmented({ labels, image }: LazyImages, step: AugmentTransform, seed: number): LazyImages {
  const count = labels.length;
  const times = step.copies + (step.keep ? 1 : 0);
  const repeated = new Uint8Array(count * times);
  for (let time = 0; time < times; time++) repeated.set(labels, time * count);
  return {
    labels: repeated,
    image: (index) => {
      const row = index % count;
      const time = Math.floor(index / count);
      if (step.keep && time === 0) return image(row);
      return augmentedImage(image(row), row, step, seed, step.keep ? time - 1 : time);
    },
  };
}

/** The image that `DeviceDataset.batch` makes of that row with that seed and stream, as bytes. */
function augmentedImage(
  image: Uint8Array,
  row: number,
  step: AugmentTransform,
  seed: number,
  stream: number,
): Uint8Array {
  const params = augmentationParams({ ...step, seed, stream }, PIXELS);
  const geometry = { count: 1, width: SIZE, height: SIZE, start: 0, center: 0, scale: 1 };
  const places = changedPlaces(drawChange(row, { ...params, ...geometry }), SIZE, SIZE);
  return Uint8Array.from(places, (place) => (place < 0 ? 0 : image[place]!));
}

function corrupted({ labels, image }: LazyImages, step: CorruptTransform, seed: number): LazyImages {
  return {
    labels,
    image: (index) => corrupt(image(index), { ...pick(step, seed, index), seed, index }),
  };
}

/** The corruption and severity of an image: uniform, and a pure function of seed and index. */
export function pick(
  { corruptions, severities }: CorruptTransform,
  seed: number,
  index: number,
): { corruption: string; severity: number } {
  const [first, second] = philox4x32([0, index, 0, PICK_DOMAIN], [seed >>> 0, Math.floor(seed / 2 ** 32)]);
  return {
    corruption: corruptions[multiplyHigh(first, corruptions.length)]!,
    severity: severities[multiplyHigh(second, severities.length)]!,
  };
}
