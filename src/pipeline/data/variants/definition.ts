/** The definitions of versions of the data set: the files of configs/data. */
import { join } from 'node:path';
import { z } from 'zod';
import { ERASE_AREA, FASHION_MNIST, VARIANT_NAME } from '../../config/data.ts';
import { share } from '../../config/parts.ts';
import { CORRUPTIONS, SEVERITIES } from '../corruptions/index.ts';
import { readYaml } from '../dvc/yaml.ts';
import { DataError } from '../errors.ts';
import { CLASS_NAMES } from '../images.ts';

/** The folder of definitions, relative to the working directory. */
export const DEFINITIONS = 'configs/data';

/** A stratified subset of the images. */
export interface SubsetTransform {
  readonly step: 'subset';
  /** A fraction in (0, 1), or a count; absent: all. */
  readonly size?: number | undefined;
  /** Labels to keep, unchanged; absent: all. */
  readonly classes?: readonly number[] | undefined;
}

/** The images, and changed copies of each, as training with that augmentation shows them. */
export interface AugmentTransform {
  readonly step: 'augment';
  readonly copies: number;
  /** Whether the unchanged images come first. */
  readonly keep: boolean;
  readonly flip: number;
  readonly shift: number;
  readonly erase: number;
  readonly eraseArea: readonly [number, number];
}

/** Each image corrupted, in one of the listed ways, drawn by its index. */
export interface CorruptTransform {
  readonly step: 'corrupt';
  readonly corruptions: readonly string[];
  readonly severities: readonly number[];
}

/** A step of a definition. */
export type Transform = SubsetTransform | AugmentTransform | CorruptTransform;

/** A version of the data set: the steps for the training and for the test images, in order. */
export interface Definition {
  readonly name: string;
  readonly description: string;
  readonly seed: number;
  readonly train: readonly Transform[];
  readonly test: readonly Transform[];
}

function distinct<T extends z.ZodType<string | number>>(item: T) {
  return z
    .array(item)
    .min(1)
    .refine((items) => new Set(items).size === items.length, 'each at most once');
}

const transform = z.discriminatedUnion('step', [
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

const steps = z.array(transform).max(8).default([]);

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
 * @throws DataError when there is none of that name, or it does not fit the schema
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

/** @throws DataError where no version of the data set can have this name */
export function requireVariantName(name: string): void {
  if (VARIANT_NAME.test(name) && name !== FASHION_MNIST) return;
  throw new DataError(`no version of the data set can be called ${JSON.stringify(name.slice(0, 120))}`, {
    expected: `up to 100 of a-z, 0-9, "-", "_" and single ".", starting with a letter or digit, not ${FASHION_MNIST}`,
  });
}
