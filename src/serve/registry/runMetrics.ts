import { join } from 'node:path';
import { z } from 'zod';
import { readOptionalJson } from '../../pipeline/files/json.ts';
import { RegistryError } from './modelFolder.ts';
import type { ModelMetrics } from './modelRecord.ts';

/** The metrics of a run's weights. */
export type RunMetrics = Omit<ModelMetrics, 'sizeBytes'>;

const share = z.number().min(0).max(1);

// The keys of both files that are needed here. The files contain more.
const summarySchema = z.object({
  testAccuracy: share,
  testLoss: z.union([z.number(), z.string()]),
  parameterCount: z.int().min(0),
  weightsSha256: z.string(),
});

const evaluationSchema = z.object({
  weightsSha256: z.string().optional(),
  accuracy: share,
  loss: z.number(),
  top2: share,
  ece: share,
  meanCorruptionError: z.number().nullish(),
  robustness: z.object({ meanCorruptionError: z.number() }).nullish(),
});

/**
 * The metrics of a run from its `evaluation.json`, or without one the accuracy from its `summary.json`.
 *
 * @param weightsSha256 of the weights to be promoted
 * @throws RegistryError if the run is unfinished, or if other weights were measured
 */
export async function readRunMetrics(run: string, weightsSha256: string): Promise<RunMetrics> {
  const summaryPath = join(run, 'summary.json');
  const summary = await readOptionalJson(summaryPath, summarySchema, 'a summary');
  if (!summary) {
    throw new RegistryError(
      `${run}: the run is not finished: it has no summary.json. Let the training end first.`,
    );
  }
  requireSame(summaryPath, summary.weightsSha256, weightsSha256);
  const evaluationPath = join(run, 'evaluation.json');
  const evaluation = await readOptionalJson(evaluationPath, evaluationSchema, 'an evaluation');
  if (!evaluation) {
    return {
      accuracy: summary.testAccuracy,
      loss: typeof summary.testLoss === 'number' ? summary.testLoss : null,
      top2: null,
      ece: null,
      meanCorruptionError: null,
      parameterCount: summary.parameterCount,
    };
  }
  if (evaluation.weightsSha256 !== undefined) {
    requireSame(evaluationPath, evaluation.weightsSha256, weightsSha256);
  }
  const { accuracy, loss, top2, ece, robustness } = evaluation;
  return {
    accuracy,
    loss,
    top2,
    ece,
    meanCorruptionError: robustness?.meanCorruptionError ?? evaluation.meanCorruptionError ?? null,
    parameterCount: summary.parameterCount,
  };
}

function requireSame(path: string, measured: string, promoted: string): void {
  if (measured === promoted) return;
  throw new RegistryError(
    `${path}: measures other weights (${measured.slice(0, 12)}…) than checkpoints/best.safetensors holds ` +
      `(${promoted.slice(0, 12)}…). Evaluate the run again: npx tsx src/evaluate.ts`,
  );
}
