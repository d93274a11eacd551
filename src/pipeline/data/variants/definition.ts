/** What a version of the data set is made of: the files of configs/data. */
import { join } from 'node:path';

import { z } from 'zod';

import { ERASE_AREA } from '../../config/dataDefaults.ts';
import { CORRUPTIONS, SEVERITIES } from '../corruptions/index.ts';
import { readYaml } from '../dvc/yaml.ts';
import { DataError } from '../errors.ts';
import { CLASS_NAMES } from '../fashionMnist.ts';
import { SOURCE_NAME, VARIANT_NAME } from '../../config/dataDefaults.ts';

/** Where definitions are kept, relative to the working directory. */
export const DEFINITIONS = 'configs/data';

/** A stratified part of the images: each class gives its share. */
export interface SubsetStep {
  readonly step: 'subset';
  /** A fraction in (0, 1), or a count; absent: all. */
  readonly size?: number | undefined;
  /** Labels to keep, which stay what they are; absent: all. */
  readonly classes?: readonly number[] | undefined;
}

/** The images, and changed copies of each, as training with that augmentation would show them. */
export interface AugmentStep {
  readonly step: 'augment';
  readonly copies: number;
  /** Whether the unchanged images come first. */
  readonly keep: boolean;
  readonly flip: number;
  readonly shift: number;
  readonly erase: number;
  readonly eraseArea: readonly [number, number];
}

/** Each image corrupted, in a way drawn by its index from those listed. */
export interface CorruptStep {
  readonly step: 'corrupt';
  readonly corruptions: readonly string[];
  readonly severities: readonly number[];
}

export type Step = SubsetStep | AugmentStep | CorruptStep;

/** A version of the data set: what is done to the training and to the test images, one step after the other. */
export interface Definition {
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  readonly train: readonly Step[];
  readonly test: readonly Step[];
}

const share = z.number().min(0).max(1);

function distinct<T extends z.ZodType<string | number>>(item: T) {
  return z
    .array(item)
    .min(1)
    .refine((items) => new Set(items).size === items.length, 'each at most once');
}

const step = z.discriminatedUnion('step', [
  z.strictObject({
    step: z.literal('subset'),
    size: z
      .number()
      .positive()
      .refine((size) => size < 1 || Number.isInteger(size), 'a fraction in (0, 1), or a whole number')
      .optional(),
    classes: distinct(z.int().min(0).lt(CLASS_NAMES.length)).optional(),
  }),
  z.strictObject({
    step: z.literal('augment'),
    copies: z.int().min(1).max(16),
    keep: z.boolean().default(true),
    flip: share.default(0),
    shift: z.int().min(0).max(28).default(0),
    erase: share.default(0),
    eraseArea: z
      .tuple([share, share])
      .refine(([least, most]) => least <= most, 'the smaller one first')
      .default([...ERASE_AREA]),
  }),
  z.strictObject({
    step: z.literal('corrupt'),
    corruptions: distinct(z.enum(CORRUPTIONS)),
    severities: distinct(z.int().min(1).max(SEVERITIES)),
  }),
]);

const steps = z.array(step).max(8).default([]);

const definitionSchema: z.ZodType<Definition> = z
  .strictObject({
    name: z.string().regex(VARIANT_NAME),
    description: z.string().min(1).max(1000),
    seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
    train: steps,
    test: steps,
  })
  .refine(({ train, test }) => train.length + test.length > 0, 'a step for train or test');

/**
 * Reads the definition `configs/data/NAME.yaml`.
 *
 * @throws DataError when there is none of that name, or it is not as the schema says
 */
export async function readDefinition(name: string, folder: string = DEFINITIONS): Promise<Definition> {
  requireVariantName(name);
  const path = join(folder, `${name}.yaml`);
  const definition = await readYaml(path, definitionSchema);
  if (definition.name !== name) {
    throw new DataError(`${path}: the name is not that of the file`, {
      expected: `name: ${name}`,
      got: `name: ${definition.name}`,
    });
  }
  return definition;
}

/** @throws DataError for a name that no version of the data set can have */
export function requireVariantName(name: string): void {
  if (VARIANT_NAME.test(name) && name !== SOURCE_NAME) return;
  throw new DataError(`no version of the data set can be called ${JSON.stringify(name.slice(0, 120))}`, {
    expected: `up to 100 of a-z, 0-9, "-", "_" and single ".", starting with a letter or digit, not ${SOURCE_NAME}`,
  });
}
