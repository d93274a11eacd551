import { z } from 'zod';
import { type DataConfiguration, data } from './data.ts';
import { type ModelConfiguration, model } from './models.ts';
import { type OptimizerConfiguration, optimizer } from './optimizers.ts';
import type { Shape } from './parts.ts';
import { taskOf } from './task.ts';
import { type ScheduleConfiguration, schedule } from './schedules.ts';
import { type SweepConfiguration, sweep } from './sweep.ts';
import { type TrainConfiguration, train } from './training.ts';

export type * from './data.ts';
export type * from './models.ts';
export type * from './optimizers.ts';
export type * from './schedules.ts';
export type * from './sweep.ts';
export type * from './training.ts';

/**
 * The configuration of a run. The schemas define the meaning, range and default of each key: checks, error messages and
 * `--help` come from them. The interfaces repeat names and types, because `isolatedDeclarations` cannot export a type
 * inferred from a value; `satisfies Shape<…>` makes a difference between the two a compile error.
 *
 * A new model, optimizer or schedule needs its interface, its schema, and its line in the union.
 */
export interface Configuration {
  readonly name: string;
  readonly seed: number;
  readonly device: 'webgpu' | 'cpu' | 'auto';
  readonly adapter?: string;
  readonly init?: string;
  readonly data: DataConfiguration;
  readonly model: ModelConfiguration;
  readonly optimizer: OptimizerConfiguration;
  readonly schedule: ScheduleConfiguration;
  readonly train: TrainConfiguration;
  readonly run: RunConfiguration;
  readonly tracking: readonly TrackerName[];
  /** Only `--sweep` reads it; no trial has it. */
  readonly sweep?: SweepConfiguration;
}

export type TrackerName = 'tensorboard' | 'dvclive' | 'mlflow' | 'csv';

const tracker = z.enum(['tensorboard', 'dvclive', 'mlflow', 'csv']);

/** A tag of a run: one word, which is also a tag in MLflow. */
export const TAG: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$/;

export interface RunConfiguration {
  readonly dir: string;
  readonly tags: readonly string[];
  readonly notes: string;
}

const run = z.strictObject({
  dir: z.string().min(1).default('runs').describe('Folder of the run folders.'),
  tags: z.array(z.string().regex(TAG)).default([]).meta({
    takes: 'list of words of letters, digits, ".", "_" and "-"',
    description: 'Tags of the run; src/runs.ts tag changes them afterwards.',
  }),
  notes: z
    .string()
    .max(10_000)
    .default('')
    .describe('What to remember of the run; src/runs.ts note changes it afterwards.'),
} satisfies Shape<RunConfiguration>);

const sections = z
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
      .describe('Device of the tensors; auto is WebGPU where there is a GPU, and the CPU otherwise.'),
    adapter: z
      .string()
      .min(1)
      .exactOptional()
      .describe('Use the WebGPU adapter whose vendor, device or description contains this text.'),
    init: z
      .string()
      .min(1)
      .exactOptional()
      .describe(
        'Safetensors file with the first weights, of a network of the same shape; default: random ones. --init also takes a run or a model.',
      ),
    data,
    model,
    optimizer,
    schedule,
    train,
    run: run.prefault({}),
    tracking: z
      .array(tracker)
      .refine((names) => new Set(names).size === names.length, 'each tracker once')
      .default([])
      .describe('Where the metrics go besides metrics.jsonl; src/runs.ts sync does the same afterwards.'),
    sweep: sweep.exactOptional(),
  } satisfies Shape<Configuration>)
  .check(
    needsValidation(['schedule', 'name'], 'plateau', ({ schedule }) => schedule?.['name'] === 'plateau'),
    needsValidation(
      ['train', 'earlyStopping', 'metric'],
      'early stopping',
      ({ train }) => train?.['earlyStopping'] !== undefined,
    ),
    needsClasses(['train', 'best', 'metric'], 'loss', ({ train }) => isAccuracy(train?.['best'])),
    needsClasses(['train', 'earlyStopping', 'metric'], 'loss', ({ train }) =>
      isAccuracy(train?.['earlyStopping']),
    ),
    needsClasses(['schedule', 'metric'], 'loss', ({ schedule }) => isAccuracy(schedule)),
    needsClasses(
      ['train', 'labelSmoothing'],
      'nothing',
      ({ train }) => train?.['labelSmoothing'] !== undefined,
    ),
  );

/** The schema behind `loadConfiguration`: it refuses unknown keys and fills in defaults. */
export const configurationSchema: z.ZodType<Configuration> = z.preprocess(withTaskDefaults, sections);

/** Gives a model without classes the loss as the metric that selects its best weights. */
function withTaskDefaults(value: unknown): unknown {
  const { model, train } = fieldsOf(value);
  if (fieldsOf(model)['name'] !== 'autoencoder') return value;
  const { best } = fieldsOf(train);
  if (![train, best].every((each) => each === undefined || isSection(each))) return value;
  return { ...fieldsOf(value), train: { ...fieldsOf(train), best: { metric: 'loss', ...fieldsOf(best) } } };
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isSection(value) ? value : {};
}

function isAccuracy(section: unknown): boolean {
  return fieldsOf(section)['metric'] === 'accuracy';
}

/** Refuses what needs classes where the model has none. */
function needsClasses(
  path: string[],
  takes: string,
  used: (sections: Sections) => boolean,
): z.core.$ZodCheck<Configuration> {
  return z.refine(({ model }) => taskOf(model) === 'classification', {
    path,
    error: `${takes}, as model.name autoencoder has no classes`,
    when: ({ value }) => {
      const sections = (value ?? {}) as Sections;
      return used(sections) && typeof sections['model']?.['name'] === 'string';
    },
  });
}

type Sections = Partial<Record<string, Partial<Record<string, unknown>>>>;

/** Refuses what needs validation images where there are none. */
function needsValidation(
  path: string[],
  what: string,
  used: (sections: Sections) => boolean,
): z.core.$ZodCheck<Configuration> {
  return z.refine(({ data: { validation } }) => validation > 0, {
    path,
    error: `${what} only with data.validation > 0`,
    // By default zod skips this check while any other key is wrong.
    when: ({ value }) => {
      const sections = (value ?? {}) as Sections;
      return used(sections) && typeof sections['data']?.['validation'] === 'number';
    },
  });
}
