import { z } from 'zod';
import { type Shape } from '../../pipeline/config/parts.ts';
import { MOST_SIDE } from '../../pipeline/data/description.ts';
import type { ModelInput } from '../../pipeline/pictures/prepare.ts';

/** The brightness of the training images. Requests are compared with it to detect drift. */
export interface InputStatistics {
  /** The number of images. */
  readonly images: number;
  /** Mean and standard deviation of all pixels, in [0, 1]. */
  readonly mean: number;
  readonly std: number;
  /** The nine deciles of the images' mean brightness, in [0, 1], ascending. */
  readonly deciles: readonly number[];
}

/** Measurements of a model before its promotion; null if the run's evaluation does not contain it. */
export interface ModelMetrics {
  readonly accuracy: number | null;
  readonly loss: number | null;
  readonly top2: number | null;
  /** Expected calibration error. */
  readonly ece: number | null;
  readonly meanCorruptionError: number | null;
  /** Size of the weights' file. */
  readonly sizeBytes: number;
  readonly parameterCount: number;
}

/** `model.json`: everything that serving needs to know about a model, besides its weights and architecture. */
export interface ModelRecord {
  readonly name: string;
  readonly version: number;
  /** The run of the model. */
  readonly run: string;
  /** The hash that `weightsSha256` computes. */
  readonly weightsSha256: string;
  /** Class names; the index is the label. */
  readonly classes: readonly string[];
  /** The images that it takes, and how a picture becomes one. */
  readonly input: ModelInput;
  /** For pixels in [0, 1]: the model takes (pixel / 255 - mean) / std. */
  readonly normalisation: { readonly mean: number; readonly std: number };
  readonly inputStatistics: InputStatistics;
  readonly metrics: ModelMetrics;
}

const whole = z.int().min(0);
const share = z.number().min(0).max(1);
const side = z.int().min(1).max(MOST_SIDE);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'takes a SHA-256 in hex');

/** The form of a model name, which is a folder name and a part of URLs. */
export const MODEL_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export const modelRecordSchema: z.ZodType<ModelRecord> = z.strictObject({
  name: z.string().regex(MODEL_NAME),
  version: z.int().min(1),
  run: z.string().min(1),
  weightsSha256: sha256,
  classes: z.array(z.string().min(1)).min(2).max(1000),
  input: z.strictObject({
    height: side,
    width: side,
    // Older records are of Fashion-MNIST.
    preparation: z.enum(['object', 'resize']).default('object'),
  } satisfies Shape<ModelInput>),
  normalisation: z.strictObject({ mean: z.number(), std: z.number().gt(0) }),
  inputStatistics: z.strictObject({
    images: z.int().min(1),
    mean: share,
    std: share,
    deciles: z.array(share).length(9),
  } satisfies Shape<InputStatistics>),
  metrics: z.strictObject({
    accuracy: share.nullable(),
    loss: z.number().min(0).nullable(),
    top2: share.nullable(),
    ece: share.nullable(),
    meanCorruptionError: z.number().min(0).nullable(),
    sizeBytes: whole,
    parameterCount: whole,
  } satisfies Shape<ModelMetrics>),
} satisfies Shape<ModelRecord>);

/** `manifest.json`: every other file of the folder, by name. */
export interface Manifest {
  readonly format: 1;
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly bytes: number }>>;
}

export const manifestSchema: z.ZodType<Manifest> = z.strictObject({
  format: z.literal(1),
  files: z.record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'takes plain file names'),
    z.strictObject({ sha256, bytes: whole }),
  ),
} satisfies Shape<Manifest>);
