/** The command that measures what a trained model is worth: see HELP. */
import { join } from 'node:path';
import { CORRUPTIONS, corrupt, isGraded, SEVERITIES } from './pipeline/data/corruptions/index.ts';
import {
  parseCommandLine,
  runCommand,
  takeCount,
  takeDevice,
  takeRun,
  UsageError,
} from './pipeline/cli/commandLine.ts';
import type { Configuration } from './pipeline/config/configuration.ts';
import { evaluateModel, type EvaluationTask, type NamedModel } from './pipeline/evaluation/evaluateModel.ts';
import { writeMetrics } from './pipeline/evaluation/report/metricsFile.ts';
import {
  EVALUATION_FILE,
  type EvaluationReport,
  readEvaluation,
  writeEvaluation,
} from './pipeline/evaluation/report/report.ts';
import { formatEvaluation } from './pipeline/evaluation/report/text.ts';
import { resolveRun } from './pipeline/runs/directory.ts';
import './ops/methods.ts';
import { findTrainedModel, type TrainedModel } from './serve/registry/trainedModel.ts';
import { storedChoices } from './pipeline/diagnostics/tuning/stored.ts';
import { init } from './tensor/device.ts';

const HELP = `usage: npx tsx src/evaluate.ts <run or model> [options]

Measures a trained model on the test images: accuracy with its confidence interval, precision, recall and F1 of each
class, confusion matrix, calibration, and the most confident mistakes. It is a run (latest, an id, or a folder) or a
model of the registry (NAME, which is its champion, NAME@ALIAS, NAME/VERSION, or its folder).

A run's numbers go to evaluation.json in its folder and to reports/metrics.json, which DVC reads. A model of the
registry stays as it is: its numbers are printed, and go to metrics.json where --reports says so.

options
  --robustness        measure the accuracy on corrupted images, too: every corruption of MNIST-C and Fashion-MNIST-C at
                      every severity, and the mean corruption error, which is the plain mean of all these error rates
  --robustness-images <n>  on this many test images only, chosen evenly over the classes (default all)
  --baseline <run>    divide each corruption's error by that of this run, which was evaluated in the same way: the
                      normalised mean corruption error of ImageNet-C, in which 1 is as bad as the baseline
  --compare <run or model>  compare with another one, on the same images: McNemar's test
  --root <folder>     where runs are looked up (default runs)
  --models <folder>   the registry (default models)
  --device <name>     webgpu, cpu or auto (default: as the run was configured)
  --data <name>       fashion-mnist, or a version of it that configs/data defines (default: as the run was configured)
  --limit <n>         evaluate on this many test images only, chosen evenly over the classes
  --reports <folder>  where metrics.json is written (default reports, for a run)
  --json              print the evaluation as JSON
  --help              print this

exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted`;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return;
  }
  const reference = takeRun(positionals);
  const deviceName = takeDevice(values.device);
  const images = takeCount('--limit', values.limit);
  for (const option of ['baseline', 'robustness-images'] as const) {
    if (values[option] !== undefined && !values.robustness)
      throw new UsageError(`--${option} goes with --robustness only`);
  }
  const robustness = values.robustness
    ? { images: takeCount('--robustness-images', values['robustness-images']) }
    : undefined;

  const roots = { runs: values.root, models: values.models };
  const trained = await findTrainedModel(reference, roots);
  const compareWith =
    values.compare === undefined ? undefined : await findTrainedModel(values.compare, roots);
  const baseline = values.baseline === undefined ? undefined : await resolveRun(values.root, values.baseline);
  const recorded = trained.configuration;
  const configuration: Configuration = {
    ...recorded,
    device: deviceName ?? recorded.device,
    data: { ...recorded.data, name: values.data ?? recorded.data.name },
    train: { ...recorded.train, ...(images === undefined ? {} : { limitTest: images }) },
  };
  const report = await evaluate(configuration, trained, compareWith, {
    robustness: robustness && {
      ...robustness,
      corruptions: { names: CORRUPTIONS, severities: SEVERITIES, isGraded, corrupt },
      ...(baseline !== undefined && { baseline: await readEvaluation(join(baseline, EVALUATION_FILE)) }),
    },
  });
  const written: string[] = [];
  if (trained.run !== undefined) written.push(await writeEvaluation(trained.run, report));
  const reports = values.reports ?? (trained.run === undefined ? undefined : 'reports');
  if (reports !== undefined) written.push(await writeMetrics(reports, report));
  console.log(values.json ? JSON.stringify(report, null, 2) : formatEvaluation(report));
  if (written.length > 0) process.stderr.write(`\nwritten  ${written.join(', ')}\n`);
}

async function evaluate(
  configuration: Configuration,
  trained: TrainedModel,
  compareWith: TrainedModel | undefined,
  options: Pick<EvaluationTask, 'robustness'>,
): Promise<EvaluationReport> {
  const { device: deviceName, adapter } = configuration;
  const device = await init(deviceName, {
    tuning: storedChoices,
    ...(adapter === undefined ? {} : { adapter }),
    onFallback: (reason) => process.stderr.write(`${reason}\n\n`),
  });
  const load = async ({ name, load }: TrainedModel): Promise<NamedModel> => ({
    name,
    model: await load(),
  });
  try {
    return await evaluateModel({
      ...(await load(trained)),
      configuration,
      device,
      ...options,
      ...(compareWith && { compareWith: await load(compareWith) }),
    });
  } finally {
    device.destroy();
  }
}

function parse(args: string[]) {
  return parseCommandLine({
    args,
    allowPositionals: true,
    options: {
      root: { type: 'string', default: 'runs' },
      models: { type: 'string', default: 'models' },
      reports: { type: 'string' },
      robustness: { type: 'boolean', default: false },
      'robustness-images': { type: 'string' },
      baseline: { type: 'string' },
      compare: { type: 'string' },
      data: { type: 'string' },
      device: { type: 'string' },
      limit: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

await runCommand(main, HELP);
