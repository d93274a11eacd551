import { stringify } from 'yaml';
import { FASHION_MNIST } from '../../config/data.ts';
import { type Configuration, printConfiguration } from '../../config/configuration.ts';
import type { EvaluationReport, Robustness } from '../../evaluation/report/report.ts';
import { percent, thousands } from '../../text/numbers.ts';
import { markdownTable } from '../../text/table.ts';
import type { RunRecords } from './runRecords.ts';

/**
 * The model card of a run: Markdown with the front matter that the Hugging Face Hub reads, `model-index` included.
 * Everything in it comes from the run's records.
 *
 * Source: https://huggingface.co/docs/hub/model-cards
 */
export function runCard(records: RunRecords): string {
  const { evaluation, configuration } = records;
  const sections = [
    `# ${configuration.name}`,
    introduction(records),
    `## Evaluation\n\n${evaluationText(evaluation)}`,
    ...(evaluation.robustness ? [`## Robustness\n\n${robustnessText(evaluation.robustness)}`] : []),
    `## Limits, as measured\n\n${limits(evaluation, configuration)}`,
    `## Training\n\n${training(records)}`,
    `## Reproduction\n\n${reproduction(records)}`,
  ];
  return `---\n${frontMatter(evaluation, configuration.data.format === FASHION_MNIST)}---\n\n${sections.join('\n\n')}\n`;
}

function frontMatter({ run, dataset, ...report }: EvaluationReport, isFashion: boolean): string {
  const metrics: [type: string, name: string, value: number][] = [
    ['accuracy', 'Accuracy', report.accuracy],
    ['precision', 'Precision (macro)', report.macro.precision],
    ['recall', 'Recall (macro)', report.macro.recall],
    ['f1', 'F1 (macro)', report.macro.f1],
    ['loss', 'Cross-entropy (nats)', report.loss],
    ['brier_score', 'Brier score', report.brier],
  ];
  return stringify({
    ...(isFashion && { license: 'mit' }),
    library_name: 'wgrad',
    pipeline_tag: 'image-classification',
    tags: ['image-classification', 'webgpu'],
    ...(isFashion && { datasets: ['fashion_mnist'] }),
    metrics: metrics.map(([type]) => type),
    'model-index': [
      {
        name: run,
        results: [
          {
            task: { type: 'image-classification', name: 'Image classification' },
            dataset: {
              type: isFashion ? 'fashion_mnist' : dataset.name,
              name: dataset.name,
              split: dataset.split,
            },
            metrics: metrics.map(([type, name, value]) => ({ type, name, value })),
          },
        ],
      },
    ],
  });
}

function introduction({ evaluation, architecture, configuration, data }: RunRecords): string {
  const kinds = configuration.data.format === FASHION_MNIST ? 'kinds of clothing' : 'classes';
  const { parameterCount, run, weightsSha256, accuracy, accuracyInterval, dataset } = evaluation;
  const [lower, upper] = accuracyInterval;
  return `A classifier of ${evaluation.classes.length} ${kinds} in grey images of ${data.height} × ${data.width} pixels, with ${thousands(parameterCount)} parameters. It
classifies ${percent(accuracy)} of ${thousands(dataset.images)} test images of ${dataset.name} correctly (95 % confidence interval ${percent(lower)} to
${percent(upper)}).

\`\`\`
${architecture}
\`\`\`

Run \`${run}\`; SHA-256 of the weights \`${weightsSha256}\`.`;
}

function evaluationText(report: EvaluationReport): string {
  const { classes, macro, weighted, dataset } = report;
  const rows = [
    ...classes,
    { name: 'macro mean', ...macro, support: dataset.images },
    { name: 'weighted mean', ...weighted, support: dataset.images },
  ];
  return `${markdownTable(
    ['measure', 'value'],
    [
      ['accuracy', percent(report.accuracy)],
      ['accuracy of the two most probable classes', percent(report.top2)],
      ['cross-entropy, in nats', report.loss.toFixed(4)],
      [`expected calibration error (${report.reliability.length} bins)`, percent(report.ece)],
      ['Brier score (0 to 2)', report.brier.toFixed(4)],
    ],
  )}

${markdownTable(
  ['class', 'precision', 'recall', 'F1', 'images'],
  rows.map(({ name, precision, recall, f1, support }) => [
    name,
    ...[precision, recall, f1].map((score) => score.toFixed(4)),
    String(support),
  ]),
)}

${comparisonText(report)}Evaluated on ${report.device}.`;
}

function comparisonText({ comparison }: EvaluationReport): string {
  if (!comparison) return '';
  const { run, images, onlyFirst, onlyOther, exactP } = comparison;
  return `Of ${thousands(images)} images, this model alone classifies ${onlyFirst} correctly and run \`${run}\` alone ${onlyOther} (McNemar's exact
test: p = ${exactP.toPrecision(3)}).

`;
}

function robustnessText(robustness: Robustness): string {
  const { images, seed, perCorruption, meanCorruptionError, normalised } = robustness;
  const relative = normalised
    ? ` Relative to run \`${normalised.baseline.run}\` it is ${normalised.meanCorruptionError.toFixed(4)}, in which 1 is as bad as that run.`
    : '';
  return `Accuracy on ${thousands(images)} test images, corrupted with seed ${seed}, in percent:

${markdownTable(
  ['corruption', ...perCorruption[0]!.accuracy.map((_, at) => `severity ${at + 1}`), 'mean error'],
  perCorruption.map(({ corruption, accuracy, error }) => [
    corruption,
    ...[...accuracy, error].map((share) => (100 * share).toFixed(2)),
  ]),
)}

The mean corruption error, the plain mean of these errors, is ${percent(meanCorruptionError)}.${relative}`;
}

function limits(report: EvaluationReport, { data }: Configuration): string {
  const { classes, confusion, robustness, dataset, ece } = report;
  const weakest = classes.reduce((worst, scores) => (scores.f1 < worst.f1 ? scores : worst));
  const pairs = confusion.flatMap((row, label) =>
    row.map((images, predicted) => ({ label, predicted, images: label === predicted ? 0 : images })),
  );
  const mixed = pairs.reduce((most, pair) => (pair.images > most.images ? pair : most));
  const items = [
    `The weakest class is ${weakest.name}: F1 ${weakest.f1.toFixed(4)}, against a mean of ${report.macro.f1.toFixed(4)}.`,
    ...(mixed.images > 0
      ? [
          `The most frequent mistake: ${mixed.images} of ${classes[mixed.label]!.support} images of ${classes[mixed.label]!.name} are taken for ${classes[mixed.predicted]!.name}.`,
        ]
      : []),
    `Its confidence is off by ${percent(ece)} on average; ${report.mistakes.filter(({ confidence }) => confidence > 0.99).length} of its ${report.mistakes.length} most confident mistakes are made with more than 99 % confidence.`,
    robustness ? worstCorruption(robustness) : 'Its accuracy on corrupted images was not measured.',
    `All this was measured on images of ${dataset.name}, from ${data.root}. Nothing was measured on photographs, colours, other sizes, or things that are none of these classes; the model names one of its classes for those, too.`,
  ];
  return items.map((item) => `- ${item}`).join('\n');
}

function worstCorruption({ perCorruption }: Robustness): string {
  const worst = perCorruption.reduce((most, scores) => (scores.error > most.error ? scores : most));
  return `Of the corruptions, ${worst.corruption} hurts most: ${percent(worst.error)} of the images are then classified wrongly.`;
}

function training({ configuration, evaluation, summary, environment }: RunRecords): string {
  const { validation, device, seed } = summary;
  const facts = [
    ['seed', String(seed)],
    ['device', device],
    ['validation accuracy', validation ? percent(validation.accuracy) : 'no images were held out'],
    ['Node', typeof environment['node'] === 'string' ? environment['node'] : 'not recorded'],
    ['commit', commitText(environment['git'])],
    ...Object.entries(evaluation.dataset.checksums).map(([file, md5]) => [`MD5 of ${file}`, md5]),
  ];
  return `${markdownTable(['fact', 'value'], facts)}

The configuration, in full:

\`\`\`yaml
${printConfiguration(configuration).trimEnd()}
\`\`\``;
}

function reproduction({ evaluation, receipt }: RunRecords): string {
  const { run } = evaluation;
  const how = `\`npx tsx src/verify.ts ${run}\` trains the model again from this configuration and compares every reading and the weights.
\`npx tsx src/evaluate.ts ${run}\` measures it again.`;
  if (!receipt) return `${how} The run has not been verified yet.`;
  const { reproduced, extent, equalReadings, equalSteps } = receipt;
  if (!reproduced) return `${how} The last verification did not reproduce the run beyond step ${equalSteps}.`;
  const all = extent === 'run' ? ', and the weights' : '';
  return `${how} The last verification found ${equalReadings} readings, up to step ${equalSteps}${all}, equal to the last bit.`;
}

function commitText(git: unknown): string {
  const { commit, dirty } = (git ?? {}) as { commit?: unknown; dirty?: unknown };
  if (typeof commit !== 'string') return 'not recorded';
  return dirty === true ? `${commit}, with changes` : commit;
}
