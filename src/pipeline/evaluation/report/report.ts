import { join } from 'node:path';
import { readJson, writeJson } from '../../files/json.ts';
import { resolveRun } from '../../runs/directory.ts';
import {
  type EvaluationReport,
  evaluationSchema,
  type ReconstructionReport,
  reconstructionSchema,
} from './schema.ts';

export type * from './schema.ts';

/** The file of a run's folder that holds its evaluation. */
export const EVALUATION_FILE = 'evaluation.json';

/**
 * Reads and checks an `evaluation.json`.
 *
 * @throws FileError where it cannot be read, or is not an evaluation
 * @example const { accuracy, confusion } = await readEvaluation('runs/latest/evaluation.json');
 */
export async function readEvaluation(path: string): Promise<EvaluationReport> {
  return readJson(path, evaluationSchema, 'an evaluation (npx tsx src/evaluate.ts writes one)');
}

/** Reads and checks the `evaluation.json` of an autoencoder. @throws FileError as `readEvaluation` */
export async function readReconstruction(path: string): Promise<ReconstructionReport> {
  return readJson(path, reconstructionSchema, 'an evaluation of an autoencoder');
}

/** Reads the evaluation of the run that `reference` names. @throws FileError where there is none */
export async function evaluationOf(root: string, reference: string): Promise<EvaluationReport> {
  return readEvaluation(join(await resolveRun(root, reference), EVALUATION_FILE));
}

/**
 * Writes a run's `evaluation.json`, and returns its path.
 *
 * @param folder the run's
 * @throws FileError where it cannot be written
 */
export async function writeEvaluation(
  folder: string,
  report: EvaluationReport | ReconstructionReport,
): Promise<string> {
  const path = join(folder, EVALUATION_FILE);
  await writeJson(path, report);
  return path;
}
