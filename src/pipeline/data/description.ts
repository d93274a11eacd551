import { z } from 'zod';
import type { Shape } from '../config/parts.ts';
import type { Preparation } from '../pictures/prepare.ts';
import type { FashionMnist } from './fashionMnist.ts';
import { CLASS_NAMES, IMAGE_SIZE, PIXEL_MEAN, PIXEL_STD } from './images.ts';

/** What a model must know of its data. It travels from the data to the model, its checkpoints and the service. */
export interface DataDescription {
  /** Pixels of an image, which is grey. */
  readonly height: number;
  readonly width: number;
  /** Class names; the index is the label. */
  readonly classes: readonly string[];
  /** Mean and standard deviation of the training pixels, scaled to [0, 1]. */
  readonly mean: number;
  readonly std: number;
  /** How a picture of any size becomes an image. */
  readonly preparation: Preparation;
}

/** A data set in memory. */
export interface LoadedData extends FashionMnist {
  /** Hash of its folder, `<md5>.dir`. */
  readonly version: string;
  readonly description: DataDescription;
}

/** Labels are bytes. */
export const MOST_CLASSES = 256;
/** Pixels of a side. */
export const MOST_SIDE = 1024;

export const FASHION_MNIST_DESCRIPTION: DataDescription = {
  height: IMAGE_SIZE,
  width: IMAGE_SIZE,
  classes: CLASS_NAMES,
  mean: PIXEL_MEAN,
  std: PIXEL_STD,
  preparation: 'object',
};

const side = z.int().min(1).max(MOST_SIDE);

/** The check of a description that was written to a file. */
export const descriptionSchema: z.ZodType<DataDescription> = z.strictObject({
  height: side,
  width: side,
  classes: z.array(z.string().min(1)).min(2).max(MOST_CLASSES),
  mean: z.number(),
  std: z.number().gt(0),
  preparation: z.enum(['object', 'resize']),
} satisfies Shape<DataDescription>);

/** What a network is built for. */
export type NetworkShape = Pick<DataDescription, 'height' | 'width' | 'classes'>;

/** Why images with this description do not fit a model that was trained with `trained`; undefined where they fit. */
export function misfit(trained: NetworkShape, images: NetworkShape): string | undefined {
  const text = ({ height, width, classes }: NetworkShape): string =>
    `${height} × ${width} pixels, ${classes.length} classes (${classes.join(', ')})`;
  return text(trained) === text(images) ? undefined : `the model takes ${text(trained)}; got ${text(images)}`;
}
