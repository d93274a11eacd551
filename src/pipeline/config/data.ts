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

/** How the data lie in their folder. */
export type DataFormat = 'fashion-mnist' | 'idx' | 'csv' | 'images';

export interface DataConfiguration {
  readonly name: string;
  readonly format: DataFormat;
  readonly root: string;
  readonly version?: string;
  readonly classes?: readonly string[];
  readonly size?: readonly [height: number, width: number];
  readonly test?: number;
  readonly validation: number;
  readonly augmentation: AugmentationConfiguration;
}

/** Sides of an image in pixels. */
const side = z.int().min(1).max(1024);

/** Labels are bytes. */
const className = z.string().min(1).max(100);

const testTakes = 'whole number > 0 (images) or a fraction of the images < 1';
const validationTakes = 'whole number ≥ 0 (images) or a fraction of the training set < 1';

export const data: z.ZodType<DataConfiguration> = z
  .strictObject({
    name: z.string().regex(VARIANT_NAME).default(FASHION_MNIST).meta({
      takes: 'fashion-mnist, the name of a file of configs/data without .yaml, or the name of your own data',
      description:
        'Name of the data set: Fashion-MNIST, a version of it that configs/data defines, or your own.',
    }),
    format: z
      .enum(['fashion-mnist', 'idx', 'csv', 'images'])
      .default('fashion-mnist')
      .describe(
        'How the data lie in data.root. Your own data: MNIST’s IDX files, CSV files with a column label, or image folders train/CLASS.',
      ),
    root: z.string().min(1).default('data/raw').describe('Folder of the data files.'),
    version: z
      .string()
      .regex(/^[0-9a-f]{32}\.dir$/)
      .exactOptional()
      .meta({
        takes: 'the hash of a folder: 32 hexadecimal digits and .dir, as in data/raw.dvc',
        description: 'Required version of the data; default: the committed one (data/raw.dvc).',
      }),
    classes: z
      .array(className)
      .min(2)
      .max(256)
      .refine((names) => new Set(names).size === names.length, 'each name once')
      .exactOptional()
      .describe(
        'Class names of idx and csv data, in the order of the labels; default: the labels themselves.',
      ),
    size: z
      .tuple([side, side])
      .exactOptional()
      .describe(
        'Height and width of the images: pictures of image folders are scaled to it. Default: the size that all of them have.',
      ),
    test: z
      .number()
      .gt(0)
      .refine((value) => Number.isInteger(value) || value < 1, testTakes)
      .exactOptional()
      .meta({
        takes: testTakes,
        description:
          'Part of your own training images that is held out for the test where there are no test images; default 0.2.',
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
  .superRefine((value, context) => {
    for (const { key, message } of mismatches(value))
      context.addIssue({ code: 'custom', path: [key], message });
  })
  .prefault({});

/** Keys that do not go with the format of the data. */
function mismatches({ format, name, classes, size, test }: DataConfiguration): {
  key: keyof DataConfiguration;
  message: string;
}[] {
  const own = format !== FASHION_MNIST;
  const checks: [key: keyof DataConfiguration, isWrong: boolean, message: string][] = [
    ['name', own && name === FASHION_MNIST, `a name for your data, as data.format is ${format}`],
    [
      'classes',
      classes !== undefined && format !== 'idx' && format !== 'csv',
      'nothing: only idx and csv data take it',
    ],
    [
      'size',
      size !== undefined && format !== 'csv' && format !== 'images',
      'nothing: only csv and images data take it',
    ],
    ['test', test !== undefined && !own, 'nothing: only data of your own take it (data.format)'],
  ];
  return checks.flatMap(([key, isWrong, message]) => (isWrong ? [{ key, message }] : []));
}
