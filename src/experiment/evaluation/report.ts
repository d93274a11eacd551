import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../atomicFile.ts';
import { count, nonNegative, type Shape } from '../configurationParts.ts';
import { readJsonFile } from '../jsonFile.ts';

/** The file of a run's folder that holds its evaluation. */
export const EVALUATION_FILE = 'evaluation.json';

/** What a trained model is worth on a test set: `evaluation.json`. Shares go from 0 to 1. */
export interface EvaluationReport {
  /** Changes when a key changes its meaning or goes; new keys do not change it. */
  readonly version: 1;
  /** The run's id: the name of its folder. */
  readonly run: string;
  /** The weights that were evaluated; see `weightsSha256`. */
  readonly weightsSha256: string;
  readonly parameterCount: number;
  /** What it was evaluated on: `webgpu: llvmpipe …`. */
  readonly device: string;
  readonly dataset: EvaluatedDataset;
  /** Share of the images classified correctly. */
  readonly accuracy: number;
  /** The 95 % confidence interval of the accuracy, by Wilson's score: [lower, upper]. */
  readonly accuracyInterval: readonly [number, number];
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** Share of the images whose class is among the two most probable. */
  readonly top2: number;
  /** Means over the classes, each counting the same. */
  readonly macro: Scores;
  /** Means over the classes, each counting by its images. */
  readonly weighted: Scores;
  /** One for each class, in the order of the labels. */
  readonly classes: readonly ClassScores[];
  /** confusion[true class][predicted class]: images. */
  readonly confusion: readonly (readonly number[])[];
  /** Expected calibration error, over the bins of `reliability`. */
  readonly ece: number;
  /** The greatest calibration error of a bin. */
  readonly mce: number;
  /** Brier score, from 0 to 2. */
  readonly brier: number;
  /** 15 bins of equal width over the confidence. */
  readonly reliability: readonly ReliabilityBin[];
  /** The wrong predictions of greatest confidence, the greatest first; at most 25. */
  readonly mistakes: readonly Mistake[];
  /** Left out where it was not asked for. */
  readonly robustness?: Robustness;
}

export interface EvaluatedDataset {
  /** `fashion-mnist`. */
  readonly name: string;
  readonly split: 'test';
  /** Images evaluated. */
  readonly images: number;
  /** File → MD5. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** A score that is 0 / 0, such as the precision of a class that was never predicted, is 0. */
export interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface ClassScores extends Scores {
  readonly name: string;
  /** Images of this class. */
  readonly support: number;
}

/** The predictions whose confidence is in (lower, upper]; the first bin has 0, too. */
export interface ReliabilityBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Mean confidence; null in an empty bin. */
  readonly confidence: number | null;
  /** Share of correct predictions; null in an empty bin. */
  readonly accuracy: number | null;
}

export interface Mistake {
  /** Row of the image in the test set. */
  readonly row: number;
  /** Its true class. */
  readonly label: number;
  readonly predicted: number;
  /** Probability given to the predicted class. */
  readonly confidence: number;
  /** Probability given to the true class. */
  readonly probability: number;
}

/** Accuracy on corrupted images. */
export interface Robustness {
  /** How many images each accuracy was measured on. */
  readonly images: number;
  /** Seed of the corruptions. */
  readonly seed: number;
  readonly perCorruption: readonly CorruptionScores[];
  /**
   * Mean over the corruptions of their `error`. A plain mean of error rates: nothing is divided by a baseline's.
   */
  readonly meanCorruptionError: number;
  /**
   * The same, each corruption's error divided by a baseline's: Hendrycks' and Dietterich's mCE; 1 is as bad as the
   * baseline. Left out where no baseline was given.
   */
  readonly normalised?: NormalisedError;
}

export interface CorruptionScores {
  readonly corruption: string;
  /** The accuracy at severity 1, 2, … 5. */
  readonly accuracy: readonly number[];
  /** Mean error rate over the severities: the mean of 1 - accuracy. */
  readonly error: number;
}

export interface NormalisedError {
  /** (1 / K) Σ_c error_c / baselineError_c, over the K corruptions. */
  readonly meanCorruptionError: number;
  /** The run that was the baseline, and its weights. */
  readonly baseline: { readonly run: string; readonly weightsSha256: string };
}

const share = z.number().min(0).max(1);
const whole = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'takes a SHA-256 in hex');

const dataset = z.object({
  name: z.string().min(1),
  split: z.literal('test'),
  images: count,
  checksums: z.record(z.string(), z.string()),
} satisfies Shape<EvaluatedDataset>);

const scoreShape = { precision: share, recall: share, f1: share } satisfies Shape<Scores>;
const scores = z.object(scoreShape);

const classScores = z.object({
  name: z.string(),
  ...scoreShape,
  support: whole,
} satisfies Shape<ClassScores>);

const bin = z.object({
  lower: share,
  upper: share,
  count: whole,
  confidence: share.nullable(),
  accuracy: share.nullable(),
} satisfies Shape<ReliabilityBin>);

const mistake = z.object({
  row: whole,
  label: whole,
  predicted: whole,
  confidence: share,
  probability: share,
} satisfies Shape<Mistake>);

const corruptionScores = z.object({
  corruption: z.string().min(1),
  accuracy: z.array(share).min(1),
  error: share,
} satisfies Shape<CorruptionScores>);

const normalised = z.object({
  meanCorruptionError: nonNegative,
  baseline: z.object({ run: z.string(), weightsSha256: sha256 }),
} satisfies Shape<NormalisedError>);

const robustness = z.object({
  images: count,
  seed: whole,
  perCorruption: z.array(corruptionScores).min(1),
  meanCorruptionError: share,
  normalised: normalised.exactOptional(),
} satisfies Shape<Robustness>);

const evaluationSchema: z.ZodType<EvaluationReport> = z
  .object({
    version: z.literal(1),
    run: z.string().min(1),
    weightsSha256: sha256,
    parameterCount: whole,
    device: z.string(),
    dataset,
    accuracy: share,
    accuracyInterval: z.tuple([share, share]),
    loss: nonNegative,
    top2: share,
    macro: scores,
    weighted: scores,
    classes: z.array(classScores).min(1),
    confusion: z.array(z.array(whole)),
    ece: share,
    mce: share,
    brier: z.number().min(0).max(2),
    reliability: z.array(bin).min(1),
    mistakes: z.array(mistake),
    robustness: robustness.exactOptional(),
  } satisfies Shape<EvaluationReport>)
  .refine(
    ({ classes, confusion }) =>
      confusion.length === classes.length && confusion.every((row) => row.length === classes.length),
    { path: ['confusion'], error: 'takes a row and a column for each of the classes' },
  )
  .refine(
    ({ classes, mistakes }) =>
      mistakes.every(({ label, predicted }) => Math.max(label, predicted) < classes.length),
    { path: ['mistakes'], error: 'takes labels of the classes' },
  );

/**
 * Reads an `evaluation.json`, and checks it.
 *
 * @param path the file
 * @throws FileError where it cannot be read, or is no evaluation
 * @example const { accuracy, confusion } = await readEvaluation('runs/latest/evaluation.json');
 */
export async function readEvaluation(path: string): Promise<EvaluationReport> {
  return readJsonFile(path, evaluationSchema, 'an evaluation (npx tsx src/evaluate.ts writes one)');
}

/**
 * Writes a run's `evaluation.json`, and returns its path.
 *
 * @param folder the run's
 * @throws FileError where it cannot be written
 */
export async function writeEvaluation(folder: string, report: EvaluationReport): Promise<string> {
  const path = join(folder, EVALUATION_FILE);
  await writeFileAtomic(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}
