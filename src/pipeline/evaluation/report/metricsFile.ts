import { join } from 'node:path';
import { makeFolders } from '../../files/folders.ts';
import { writeFileAtomic } from '../../files/atomicFile.ts';
import { writeError } from '../../files/fileError.ts';
import type { EvaluationReport } from './report.ts';

/** A report's numbers for `dvc metrics show` and `dvc metrics diff`: nested objects of plain numbers. */
export function dvcMetrics(report: EvaluationReport): Record<string, unknown> {
  const { accuracy, accuracyInterval, loss, top2, macro, weighted, ece, mce, brier, robustness } = report;
  return {
    accuracy,
    accuracyLower: accuracyInterval[0],
    accuracyUpper: accuracyInterval[1],
    loss,
    top2,
    macro,
    weighted,
    f1: Object.fromEntries(report.classes.map(({ name, f1 }) => [name, f1])),
    ece,
    mce,
    brier,
    ...(robustness && { meanCorruptionError: robustness.meanCorruptionError }),
  };
}

/**
 * Writes `metrics.json`, and returns its path.
 *
 * @param folder is made where it is missing
 * @throws FileError where it cannot be written
 */
export async function writeMetrics(folder: string, report: EvaluationReport): Promise<string> {
  const path = join(folder, 'metrics.json');
  try {
    makeFolders(folder);
  } catch (error) {
    throw writeError(folder, error);
  }
  await writeFileAtomic(path, `${JSON.stringify(dvcMetrics(report), null, 2)}\n`);
  return path;
}
