import { join } from 'node:path';
import { makeFolders } from '../../files/folders.ts';
import { writeJson } from '../../files/json.ts';
import type { EvaluationReport, ReconstructionReport } from './report.ts';

/** A report as `dvc metrics show` and `dvc metrics diff` read it: nested objects of numbers. */
export function dvcMetrics(report: EvaluationReport | ReconstructionReport): Record<string, unknown> {
  if ('kl' in report) {
    const { loss, reconstruction, kl } = report;
    return { loss, reconstruction, kl };
  }
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
 * @param folder made where it is missing
 * @throws FileError where it cannot be written
 */
export async function writeMetrics(
  folder: string,
  report: EvaluationReport | ReconstructionReport,
): Promise<string> {
  const path = join(folder, 'metrics.json');
  makeFolders(folder);
  await writeJson(path, dvcMetrics(report));
  return path;
}
