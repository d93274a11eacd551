/** The command that measures a trained model on the test images. */
import { argument, command, flag, option } from './pipeline/cli/command.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { device, json, modelsFolder, printJson, runsFolder } from './pipeline/cli/shared.ts';
import { text, wholeNumber } from './pipeline/cli/values.ts';

const evaluate = command({
  about: `
    Measures a trained model on the test images: accuracy with its confidence interval; precision, recall and F1 of each
    class; the confusion matrix; calibration; the most confident mistakes.

    The model is a run (latest, its id, or its folder) or a model of the registry (NAME for its champion, NAME@ALIAS,
    NAME/VERSION, or its folder). A run's results are written to evaluation.json in its folder and to
    reports/metrics.json, which DVC reads. The folder of a registered model is not changed: its results are printed, and
    written to metrics.json only with --reports.`,
  arguments: { model: argument('the run or model') },
  options: {
    robustness: flag(
      'also measure the accuracy on corrupted images: every corruption of MNIST-C and Fashion-MNIST-C at every severity, and the mean corruption error, which is the mean of these error rates',
    ),
    robustnessImages: option(
      '<n>',
      wholeNumber(),
      'use only n test images for it, chosen evenly over the classes',
      { with: 'robustness' },
    ),
    baseline: option(
      '<run>',
      text,
      "divide each corruption's error by that of this run, evaluated in the same way: the normalised mean corruption error of ImageNet-C; 1 is as bad as the baseline",
      { with: 'robustness' },
    ),
    compare: option('<model>', text, 'compare with another run or model on the same images: McNemar’s test'),
    root: runsFolder,
    models: modelsFolder,
    device,
    data: option(
      '<name>',
      text,
      'fashion-mnist, or a version of it that configs/data defines (default: as the run was configured)',
    ),
    limit: option('<n>', wholeNumber(), 'use only n test images, chosen evenly over the classes'),
    reports: option('<folder>', text, 'where metrics.json is written (default: reports, for a run)'),
    json,
  },
  examples: ['latest', 'latest --robustness --robustness-images 1000', 'mlp@champion --compare latest'],
  run: async ({
    model,
    root,
    models,
    robustness,
    robustnessImages,
    baseline,
    compare,
    reports,
    json,
    ...also
  }) => {
    const { evaluateTrained, writeReport } = await import('./pipeline/evaluation/trained.ts');
    const { evaluationOf } = await import('./pipeline/evaluation/report/report.ts');
    const { formatEvaluation } = await import('./pipeline/evaluation/report/text.ts');
    const { storedChoices } = await import('./pipeline/diagnostics/tuning/stored.ts');
    const { findTrainedModel } = await import('./serve/registry/trainedModel.ts');
    const find = (reference: string) => findTrainedModel(reference, { runs: root, models });
    const trained = await find(model);
    const report = await evaluateTrained(trained, {
      ...also,
      tuning: storedChoices,
      compareWith: compare === undefined ? undefined : await find(compare),
      ...(robustness && {
        robustness: {
          images: robustnessImages,
          baseline: baseline === undefined ? undefined : await evaluationOf(root, baseline),
        },
      }),
    });
    const written = await writeReport(trained, report, reports);
    if (json) printJson(report);
    else console.log(formatEvaluation(report));
    if (written.length > 0) process.stderr.write(`\nwritten  ${written.join(', ')}\n`);
  },
});

await runCommand('npx tsx src/evaluate.ts', evaluate);
