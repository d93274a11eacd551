import { percent, thousands } from '../../text/numbers.ts';
import { table } from '../../text/table.ts';
import type { Comparison, EvaluationReport, ReconstructionReport, ReportHead, Robustness } from './report.ts';

/** An evaluation as text for a terminal. */
export function formatEvaluation(report: EvaluationReport | ReconstructionReport): string {
  if ('kl' in report) return reconstruction(report).join('\n');
  const sections = [overview(report), perClass(report), confusion(report), mistakes(report)];
  if (report.robustness) sections.push(robustness(report.robustness));
  if (report.comparison) sections.push(comparison(report.comparison));
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

function head({ run, parameterCount, weightsSha256, dataset, device }: ReportHead): string[] {
  return [
    `model        ${run}, ${thousands(parameterCount)} parameters`,
    `weights      ${weightsSha256}`,
    `data         ${dataset.name}, ${thousands(dataset.images)} test images`,
    `device       ${device}`,
    '',
  ];
}

function reconstruction(report: ReconstructionReport): string[] {
  return [
    ...head(report),
    `loss            ${report.loss.toFixed(4)} nats an image`,
    `reconstruction  ${report.reconstruction.toFixed(4)}, the cross-entropy of the pixels`,
    `kl              ${report.kl.toFixed(4)}, the divergence of the codes from a normal distribution`,
  ];
}

function overview(report: EvaluationReport): string[] {
  const { accuracy, accuracyInterval, loss, top2, ece, mce, brier } = report;
  const [lower, upper] = accuracyInterval;
  return [
    ...head(report),
    `accuracy     ${percent(accuracy)}, 95 % confidence interval ${percent(lower)} to ${percent(upper)}`,
    `top 2        ${percent(top2)}`,
    `loss         ${loss.toFixed(4)}`,
    `calibration  ECE ${percent(ece)}, MCE ${percent(mce)}, Brier score ${brier.toFixed(4)}`,
  ];
}

function perClass({ classes, macro, weighted, dataset }: EvaluationReport): string[] {
  const header = ['class', 'precision', 'recall', 'F1', 'images'];
  const rows = [
    ...classes,
    { name: 'macro mean', ...macro, support: dataset.images },
    { name: 'weighted mean', ...weighted, support: dataset.images },
  ];
  const cells = rows.map(({ name, precision, recall, f1, support }) => [
    name,
    ...[precision, recall, f1].map((score) => score.toFixed(4)),
    String(support),
  ]);
  return [table(header, cells, 1)];
}

function confusion({ classes, confusion }: EvaluationReport): string[] {
  const header = ['true \\ predicted', ...classes.map((_, index) => String(index))];
  const rows = confusion.map((row, index) => [`${index} ${classes[index]!.name}`, ...row.map(String)]);
  return [table(header, rows, 1)];
}

function mistakes({ mistakes, classes }: EvaluationReport): string[] {
  if (mistakes.length === 0) return ['no image was classified wrongly'];
  const rows = mistakes
    .slice(0, 10)
    .map(({ row, label, predicted, confidence }) => [
      String(row),
      classes[label]!.name,
      classes[predicted]!.name,
      percent(confidence),
    ]);
  return ['most confident mistakes', table(['test image', 'is', 'taken for', 'with'], rows, 1)];
}

function robustness({ perCorruption, meanCorruptionError, normalised, images }: Robustness): string[] {
  const severities = perCorruption[0]!.accuracy.map((_, index) => String(index + 1));
  const rows = perCorruption.map(({ corruption, accuracy, error }) => [
    corruption,
    ...accuracy.map((share) => (100 * share).toFixed(2)),
    percent(error),
  ]);
  return [
    `accuracy on corrupted images, at severity 1 to ${severities.length}, ${thousands(images)} images each`,
    table(['corruption', ...severities, 'mean error'], rows, 1),
    `mean corruption error  ${percent(meanCorruptionError)}`,
    ...(normalised
      ? [
          `relative to ${normalised.baseline.run}  ${normalised.meanCorruptionError.toFixed(4)} (1: as bad as that run)`,
        ]
      : []),
  ];
}

function comparison(comparison: Comparison): string[] {
  const { run, images, bothRight, onlyFirst, onlyOther, bothWrong, exactP, chiSquared, chiSquaredP } =
    comparison;
  const [difference, lower, upper] = [comparison.difference, ...comparison.differenceInterval].map(
    (share) => `${share < 0 ? '' : '+'}${(100 * share).toFixed(2)}`,
  );
  const rows = [
    ['this one is right', String(bothRight), String(onlyFirst)],
    ['this one is wrong', String(onlyOther), String(bothWrong)],
  ];
  return [
    `compared with ${run}, on the same ${thousands(images)} images`,
    table(['', 'it is right', 'it is wrong'], rows, 1),
    `accuracy     ${difference!} points, 95 % confidence interval ${lower!} to ${upper!}`,
    `McNemar      exact p ${pText(exactP)}; χ² = ${chiSquared.toFixed(3)} with continuity correction, p ${pText(chiSquaredP)}`,
  ];
}

/** Below 1e-15, `chiSquaredP` has no digits. */
function pText(p: number): string {
  return p < 1e-15 ? '< 1e-15' : `= ${p.toPrecision(3)}`;
}
