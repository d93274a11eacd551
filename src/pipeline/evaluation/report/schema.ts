import { z } from 'zod';
import { count, nonNegative, type Shape } from '../../config/parts.ts';

const share = z.number().min(0).max(1);
const whole = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'takes a SHA-256 in hex');

export interface EvaluatedDataset {
  /** `fashion-mnist`, or the name of a version of it. */
  readonly name: string;
  readonly split: 'test';
  /** Images evaluated. */
  readonly images: number;
  /** File → MD5. */
  readonly checksums: Readonly<Record<string, string>>;
}

const dataset = z.object({
  name: z.string().min(1),
  split: z.literal('test'),
  images: count,
  checksums: z.record(z.string(), z.string()),
} satisfies Shape<EvaluatedDataset>);

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

const scoreShape = { precision: share, recall: share, f1: share } satisfies Shape<Scores>;
const classShape = { name: z.string(), ...scoreShape, support: whole } satisfies Shape<ClassScores>;

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

const bin = z.object({
  lower: share,
  upper: share,
  count: whole,
  confidence: share.nullable(),
  accuracy: share.nullable(),
} satisfies Shape<ReliabilityBin>);

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

const mistake = z.object({
  row: whole,
  label: whole,
  predicted: whole,
  confidence: share,
  probability: share,
} satisfies Shape<Mistake>);

export interface CorruptionScores {
  readonly corruption: string;
  /** The accuracy at severity 1 to 5; five times the same for a corruption without severities. */
  readonly accuracy: readonly number[];
  /** Mean error rate over the severities: the mean of 1 - accuracy. */
  readonly error: number;
}

const corruptionScores = z.object({
  corruption: z.string().min(1),
  accuracy: z.array(share).min(1),
  error: share,
} satisfies Shape<CorruptionScores>);

export interface NormalisedError {
  /** (1 / K) Σ_c error_c / baselineError_c, over the K corruptions. */
  readonly meanCorruptionError: number;
  /** The baseline's run, and its weights. */
  readonly baseline: { readonly run: string; readonly weightsSha256: string };
}

const normalised = z.object({
  meanCorruptionError: nonNegative,
  baseline: z.object({ run: z.string(), weightsSha256: sha256 }),
} satisfies Shape<NormalisedError>);

/** Accuracy on corrupted images. */
export interface Robustness {
  /** How many images each accuracy was measured on. */
  readonly images: number;
  /** Seed of the corruptions. */
  readonly seed: number;
  readonly perCorruption: readonly CorruptionScores[];
  /** Mean over the corruptions of their `error`, not divided by a baseline's. */
  readonly meanCorruptionError: number;
  /**
   * The mean of the errors divided by a baseline's: Hendrycks' and Dietterich's mCE; 1 is as bad as the baseline. Left out
   * without a baseline.
   */
  readonly normalised?: NormalisedError;
}

const robustness = z.object({
  images: count,
  seed: whole,
  perCorruption: z.array(corruptionScores).min(1),
  meanCorruptionError: share,
  normalised: normalised.exactOptional(),
} satisfies Shape<Robustness>);

/** Two runs on the same images: McNemar's test. See `mcnemar` for the formulas. */
export interface Comparison {
  /** The other run, and its weights. */
  readonly run: string;
  readonly weightsSha256: string;
  readonly images: number;
  /** Images that both classify correctly, that one alone does, that neither does. */
  readonly bothRight: number;
  readonly onlyFirst: number;
  readonly onlyOther: number;
  readonly bothWrong: number;
  /** This run's accuracy minus the other's. */
  readonly difference: number;
  /** Its 95 % confidence interval: [lower, upper]. */
  readonly differenceInterval: readonly [number, number];
  /** Two-sided p-value of the exact test. */
  readonly exactP: number;
  /** The statistic with correction for continuity, one degree of freedom, and its p-value. */
  readonly chiSquared: number;
  readonly chiSquaredP: number;
}

const comparison = z.object({
  run: z.string(),
  weightsSha256: sha256,
  images: count,
  bothRight: whole,
  onlyFirst: whole,
  onlyOther: whole,
  bothWrong: whole,
  difference: z.number().min(-1).max(1),
  differenceInterval: z.tuple([z.number(), z.number()]),
  exactP: share,
  chiSquared: nonNegative,
  chiSquaredP: share,
} satisfies Shape<Comparison>);

/** The measures of a report that follow from predictions alone. */
export interface Measures {
  /** Share of the images classified correctly. */
  readonly accuracy: number;
  /** The 95 % confidence interval of the accuracy, by Wilson's score: [lower, upper]. */
  readonly accuracyInterval: readonly [number, number];
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** Share of the images whose class is among the two most probable. */
  readonly top2: number;
  /** Means over the classes, with equal weights. */
  readonly macro: Scores;
  /** Means over the classes, weighted by their images. */
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
}

/** What a report says of the model and the images. */
export interface ReportHead {
  /** Changes when a key changes its meaning or goes; new keys do not change it. */
  readonly version: 1;
  /** The run's id: the name of its folder. */
  readonly run: string;
  /** The weights that were evaluated; see `weightsSha256`. */
  readonly weightsSha256: string;
  readonly parameterCount: number;
  /** `webgpu: llvmpipe …`. */
  readonly device: string;
  readonly dataset: EvaluatedDataset;
}

/** `evaluation.json` of an autoencoder: means over the test images, in nats. */
export interface ReconstructionReport extends ReportHead {
  /** The sum of the two others. */
  readonly loss: number;
  /** The cross-entropy of the pixels of an image, rebuilt from the mean of its code. */
  readonly reconstruction: number;
  /** The Kullback-Leibler divergence of a code from the standard normal distribution. */
  readonly kl: number;
}

/** `evaluation.json` of a classifier: its measures on a test set. Shares go from 0 to 1. */
export interface EvaluationReport extends Measures, ReportHead {
  /** Left out where it was not asked for. */
  readonly robustness?: Robustness;
  /** Left out where it was not asked for. */
  readonly comparison?: Comparison;
}

const headShape = {
  version: z.literal(1),
  run: z.string().min(1),
  weightsSha256: sha256,
  parameterCount: whole,
  device: z.string(),
  dataset,
} satisfies Shape<ReportHead>;

/** The check behind `readReconstruction`. */
export const reconstructionSchema: z.ZodType<ReconstructionReport> = z.object({
  ...headShape,
  loss: nonNegative,
  reconstruction: nonNegative,
  kl: nonNegative,
} satisfies Shape<ReconstructionReport>);

/** The check behind `readEvaluation`. It drops unknown keys: a later version may have added them. */
export const evaluationSchema: z.ZodType<EvaluationReport> = z
  .object({
    ...headShape,
    accuracy: share,
    accuracyInterval: z.tuple([share, share]),
    loss: nonNegative,
    top2: share,
    macro: z.object(scoreShape),
    weighted: z.object(scoreShape),
    classes: z.array(z.object(classShape)).min(1),
    confusion: z.array(z.array(whole)),
    ece: share,
    mce: share,
    brier: z.number().min(0).max(2),
    reliability: z.array(bin).min(1),
    mistakes: z.array(mistake),
    robustness: robustness.exactOptional(),
    comparison: comparison.exactOptional(),
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
