import { z } from 'zod';
import { nonNegative, type Shape, share } from './parts.ts';

/** The name of the published data set, which no version of it can have. */
export const FASHION_MNIST = 'fashion-mnist';

/** The names of versions, which are also names of files. */
export const VARIANT_NAME: RegExp = /^[a-z0-9](?:[a-z0-9_-]|\.(?!dvc$)(?=[a-z0-9])){0,99}$/;

/** The default of `augmentation.eraseArea`, which is that of PyTorch's RandomErasing. */
export const ERASE_AREA: readonly [number, number] = [0.02, 0.33];

export interface AugmentationConfiguration {
  readonly flip: number;
  readonly shift: number;
  readonly erase: number;
  readonly eraseArea: readonly [number, number];
}

const augmentation = z.strictObject({
  flip: share.default(0).describe('Probability that a training image is mirrored, left to right.'),
  shift: z
    .int()
    .min(0)
    .max(28)
    .default(0)
    .describe('Greatest shift of a training image in pixels, up or down and left or right.'),
  erase: share.default(0).describe('Probability that a rectangle of a training image is blackened.'),
  eraseArea: z
    .tuple([share, share])
    .refine(([least, most]) => least <= most, 'two numbers from 0 to 1, the smaller one first')
    .default([...ERASE_AREA])
    .describe('Least and greatest share of the image that is blackened.'),
} satisfies Shape<AugmentationConfiguration>);

export interface DataConfiguration {
  readonly name: string;
  readonly root: string;
  readonly version?: string;
  readonly validation: number;
  readonly augmentation: AugmentationConfiguration;
}

const validationTakes = 'whole number ≥ 0 (images) or a fraction of the training set < 1';

export const data: z.ZodType<DataConfiguration> = z
  .strictObject({
    name: z.string().regex(VARIANT_NAME).default(FASHION_MNIST).meta({
      takes: 'name of a file of configs/data without .yaml, or fashion-mnist',
      description: 'Version of the data set; fashion-mnist is the data set itself.',
    }),
    root: z.string().min(1).default('data/raw').describe('Folder that holds the four IDX archives.'),
    version: z
      .string()
      .regex(/^[0-9a-f]{32}\.dir$/)
      .exactOptional()
      .meta({
        takes: 'the hash of a folder: 32 hexadecimal digits and .dir, as in data/raw.dvc',
        description: 'Required version of the data; default: the committed one (data/raw.dvc).',
      }),
    validation: nonNegative
      .refine((value) => Number.isInteger(value) || value < 1, validationTakes)
      .default(5000)
      .meta({
        takes: validationTakes,
        description: 'Part of the training set that is held out for validation.',
      }),
    augmentation: augmentation.prefault({}),
  } satisfies Shape<DataConfiguration>)
  .prefault({});
