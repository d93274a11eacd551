import { z } from 'zod';
import { ERASE_AREA, SOURCE_NAME, VARIANT_NAME } from './dataDefaults.ts';
import { type OptimizerConfiguration, optimizer } from './optimizers.ts';
import { count, fraction, nonNegative, type Shape } from './parts.ts';
import { type ScheduleConfiguration, schedule } from './schedules.ts';
import { type TrainConfiguration, train } from './training.ts';

export type * from './optimizers.ts';
export type * from './schedules.ts';
export type * from './training.ts';

/**
 * What a run is made from. The meaning, range and default of each key are in the schema below and nowhere else:
 * checks, error messages and `--help` all come from it. The interfaces repeat only names and types, because
 * `isolatedDeclarations` cannot export a type inferred from a value; `satisfies Shape<…>` makes a key that is
 * in one and not in the other a compile error.
 *
 * To add a model, an optimizer or a schedule: its interface, its schema, its line in the union.
 */
export interface Configuration {
  readonly name: string;
  readonly seed: number;
  readonly device: 'webgpu' | 'cpu' | 'auto';
  readonly adapter?: string;
  readonly data: DataConfiguration;
  readonly model: ModelConfiguration;
  readonly optimizer: OptimizerConfiguration;
  readonly schedule: ScheduleConfiguration;
  readonly train: TrainConfiguration;
  readonly run: RunConfiguration;
  readonly tracking: readonly TrackerName[];
}

export type TrackerName = 'tensorboard' | 'dvclive' | 'mlflow' | 'csv';

const tracker = z.enum(['tensorboard', 'dvclive', 'mlflow', 'csv']);

const share: z.ZodNumber = z.number().min(0).max(1);

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
    .describe('Most pixels by which a training image is shifted, up or down and left or right.'),
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

const data = z.strictObject({
  name: z.string().regex(VARIANT_NAME).default(SOURCE_NAME).meta({
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
      description:
        'Use this version of the data and no other; left out, the one that is committed (data/raw.dvc).',
    }),
  validation: nonNegative
    .refine((value) => Number.isInteger(value) || value < 1, validationTakes)
    .default(5000)
    .meta({
      takes: validationTakes,
      description: 'How much of the training set is held out for validation.',
    }),
  augmentation: augmentation.prefault({}),
} satisfies Shape<DataConfiguration>);

export interface MlpConfiguration {
  readonly name: 'mlp';
  readonly hidden: readonly number[];
  readonly dropout: number;
}

const mlp = z.strictObject({
  name: z.literal('mlp').describe('Architecture.'),
  hidden: z
    .array(count)
    .default([256, 128])
    .describe('Widths of the hidden layers; an empty list gives softmax regression.'),
  dropout: fraction.default(0).describe('Probability of zeroing a hidden activation while training.'),
} satisfies Shape<MlpConfiguration>);

export interface CnnConfiguration {
  readonly name: 'cnn';
  readonly channels: readonly number[];
  readonly kernelSize: number;
  readonly batchNorm: boolean;
  readonly hidden: readonly number[];
  readonly dropout: number;
}

const cnn = z.strictObject({
  name: z.literal('cnn').describe('Architecture.'),
  channels: z
    .array(count)
    .min(1)
    .max(4)
    .default([32, 64])
    .describe('Channels of the convolution blocks; each halves height and width by max pooling.'),
  kernelSize: count
    .max(9)
    .refine((size) => size % 2 === 1, 'an odd number')
    .default(3)
    .describe('Height and width of the convolutions, odd; the borders are padded to keep the size.'),
  batchNorm: z.boolean().default(true).describe('Normalise each channel between convolution and ReLU.'),
  hidden: z.array(count).default([128]).describe('Widths of the hidden layers of the dense head.'),
  dropout: fraction
    .default(0)
    .describe('Probability of zeroing an input of each dense layer while training.'),
} satisfies Shape<CnnConfiguration>);

export type ModelConfiguration = MlpConfiguration | CnnConfiguration;

export interface RunConfiguration {
  readonly dir: string;
}

const run = z.strictObject({
  dir: z.string().min(1).default('runs').describe('Folder in which each run makes its own.'),
} satisfies Shape<RunConfiguration>);

/** The check behind `loadConfiguration`: strict (no unknown keys), with defaults filled in. */
export const configurationSchema: z.ZodType<Configuration> = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/)
      .meta({
        takes: 'up to 100 letters, digits, ".", "_" and "-", starting with a letter or digit',
        description: 'Name of the experiment; part of the run folder’s name.',
      }),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(0)
      .describe('Seed of the split, the initial weights, the shuffling, the augmentation and the dropout.'),
    device: z
      .enum(['webgpu', 'cpu', 'auto'])
      .default('auto')
      .describe('Where tensors live; auto takes WebGPU where there is a GPU, and the CPU otherwise.'),
    adapter: z
      .string()
      .min(1)
      .exactOptional()
      .describe('Take the WebGPU adapter whose vendor, device or description contains this text.'),
    data: data.prefault({}),
    model: z.discriminatedUnion('name', [mlp, cnn]),
    optimizer,
    schedule,
    train,
    run: run.prefault({}),
    tracking: z
      .array(tracker)
      .refine((names) => new Set(names).size === names.length, 'each tracker once')
      .default([])
      .describe('Where the metrics go besides metrics.jsonl; src/runs.ts sync does the same afterwards.'),
  } satisfies Shape<Configuration>)
  .check(
    needsValidation(['schedule', 'name'], 'plateau', ({ schedule }) => schedule?.['name'] === 'plateau'),
    needsValidation(
      ['train', 'earlyStopping', 'metric'],
      'early stopping',
      ({ train }) => train?.['earlyStopping'] !== undefined,
    ),
  );

type Sections = Partial<Record<string, Partial<Record<string, unknown>>>>;

/** Refuses what watches the validation images where there are none. */
function needsValidation(
  path: string[],
  what: string,
  used: (sections: Sections) => boolean,
): z.core.$ZodCheck<Configuration> {
  return z.refine(({ data: { validation } }) => validation > 0, {
    path,
    error: `${what} only with data.validation > 0`,
    // By default zod leaves this out while any other key is wrong; all problems are to be reported at once.
    when: ({ value }) => {
      const sections = (value ?? {}) as Sections;
      return used(sections) && typeof sections['data']?.['validation'] === 'number';
    },
  });
}
