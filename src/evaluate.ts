/** The command that measures a trained model on the test images. */
import { argument, command, flag, option } from './pipeline/cli/command.ts';
import { nameOrPath, path } from './pipeline/cli/folder.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { device, json, modelsFolder, print, runsFolder as runs } from './pipeline/cli/shared.ts';
import { text, wholeNumber } from './pipeline/cli/values.ts';

const evaluate = command({
  about: `
    Measures a trained model on the test images: accuracy with its confidence interval; precision, recall and F1 of each
    class; the confusion matrix; calibration; the most confident mistakes.

    The model is a run (latest, its id, or its folder) or a model of the registry (NAME for its champion, NAME@ALIAS,
    NAME/VERSION, or its folder). A run's results are written to evaluation.json in its folder. The folder of a registered
    model is not changed: its results are only printed. --publish also writes reports/metrics.json, which git tracks and DVC
    reads.`,
  arguments: { model: argument('the run or model', nameOrPath) },
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
      nameOrPath,
      "divide each corruption's error by that of this run, evaluated in the same way: the normalised mean corruption error of ImageNet-C; 1 is as bad as the baseline",
      { with: 'robustness' },
    ),
    compare: option(
      '<model>',
      nameOrPath,
      'compare with another run or model on the same images: McNemar’s test',
    ),
    runs,
    models: modelsFolder,
    device,
    data: option(
      '<name>',
      text,
      'fashion-mnist, or a version of it that configs/data defines (default: as the run was configured)',
    ),
    limit: option('<n>', wholeNumber(), 'use only n test images, chosen evenly over the classes'),
    publish: flag('also write metrics.json into reports'),
    reports: option('<folder>', path, 'as --publish, into another folder'),
    json,
  },
  examples: ['latest', 'latest --robustness --robustness-images 1000', 'mlp@champion --compare latest'],
  run: async ({
    model,
    runs,
    models,
    robustness,
    robustnessImages,
    baseline,
    compare,
    publish,
    reports = publish ? 'reports' : undefined,
    json,
    ...also
  }) => {
    const { evaluateTrained, writeReport } = await import('./pipeline/evaluation/trained.ts');
    const { evaluationOf } = await import('./pipeline/evaluation/report/report.ts');
    const { formatEvaluation } = await import('./pipeline/evaluation/report/text.ts');
    const { storedChoices } = await import('./pipeline/diagnostics/tuning/stored.ts');
    const { findTrainedModel } = await import('./serve/registry/trainedModel.ts');
    const find = (reference: string) => findTrainedModel(reference, { runs, models });
    const trained = await find(model);
    const report = await evaluateTrained(trained, {
      ...also,
      tuning: storedChoices,
      compareWith: compare === undefined ? undefined : await find(compare),
      ...(robustness && {
        robustness: {
          images: robustnessImages,
          baseline: baseline === undefined ? undefined : await evaluationOf(runs, baseline),
        },
      }),
    });
    const written = await writeReport(trained, report, reports);
    print(json, report, formatEvaluation(report));
    if (written.length > 0) process.stderr.write(`\nwritten  ${written.join(', ')}\n`);
  },
});

await runCommand('npx tsx src/evaluate.ts', evaluate);
