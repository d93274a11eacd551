import { z } from 'zod';
import { count, nonNegative, type Shape } from '../../config/parts.ts';
import type {
  ClassScores,
  Comparison,
  CorruptionScores,
  EvaluatedDataset,
  EvaluationReport,
  Mistake,
  NormalisedError,
  ReliabilityBin,
  Robustness,
  Scores,
} from './types.ts';

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

/** The check behind `readEvaluation`. Keys that it does not know are left out: a later version may have added them. */
export const evaluationSchema: z.ZodType<EvaluationReport> = z
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
