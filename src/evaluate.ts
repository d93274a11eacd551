/** The command that measures what a trained model is worth: see HELP. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { CORRUPTIONS, corrupt, isGraded, SEVERITIES } from './data/corruptions/index.ts';
import {
  parseCommandLine,
  runCommand,
  takeCount,
  takeDevice,
  takeRun,
  UsageError,
} from './experiment/commandLine.ts';
import { type Configuration, loadConfiguration } from './experiment/configuration.ts';
import { type EvaluationTask, evaluateRun } from './experiment/evaluation/evaluateRun.ts';
import { writeMetrics } from './experiment/evaluation/metricsFile.ts';
import {
  EVALUATION_FILE,
  type EvaluationReport,
  readEvaluation,
  writeEvaluation,
} from './experiment/evaluation/report.ts';
import { formatEvaluation } from './experiment/evaluation/text.ts';
import { resolveRun } from './experiment/runDirectory.ts';
import { buildModel } from './models.ts';
import './ops/methods.ts';
import { init } from './tensor/device.ts';

const HELP = `usage: npx tsx src/evaluate.ts <run> [options]

Measures a trained model on the test images: accuracy with its confidence interval, precision, recall and F1 of each
class, confusion matrix, calibration, and the most confident mistakes. The run is latest, an id, or a folder.

The numbers go to evaluation.json in the run's folder and to reports/metrics.json, which DVC reads.

options
  --robustness        measure the accuracy on corrupted images, too: every corruption of MNIST-C and Fashion-MNIST-C at
                      every severity, and the mean corruption error, which is the plain mean of all these error rates
  --robustness-images <n>  on this many test images only, chosen evenly over the classes (default all)
  --baseline <run>    divide each corruption's error by that of this run, which was evaluated in the same way: the
                      normalised mean corruption error of ImageNet-C, in which 1 is as bad as the baseline
  --compare <run>     compare with another run, on the same images: McNemar's test
  --root <folder>     where runs are looked up (default runs)
  --device <name>     webgpu, cpu or auto (default: as the run was configured)
  --data <name>       fashion-mnist, or a version of it that configs/data defines (default: as the run was configured)
  --limit <n>         evaluate on this many test images only, chosen evenly over the classes
  --reports <folder>  where metrics.json is written (default reports)
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

  const find = async (run: string): Promise<string> => realpath(await resolveRun(values.root, run));
  const path = await find(reference);
  const recorded = loadConfiguration(join(path, 'config.yaml'));
  const data = values.data ?? recorded.data.name;
  const configuration: Configuration = {
    ...recorded,
    device: deviceName ?? recorded.device,
    data: { ...recorded.data, name: data },
    train: { ...recorded.train, ...(images === undefined ? {} : { limitTest: images }) },
  };
  const compareWith = values.compare === undefined ? undefined : await find(values.compare);
  const baseline = values.baseline === undefined ? undefined : await find(values.baseline);
  const report = await evaluate({
    path,
    configuration,
    build: buildModel,
    compareWith,
    robustness: robustness && {
      ...robustness,
      corruptions: { names: CORRUPTIONS, severities: SEVERITIES, isGraded, corrupt },
      ...(baseline !== undefined && { baseline: await readEvaluation(join(baseline, EVALUATION_FILE)) }),
    },
  });
  const written = [await writeEvaluation(path, report), await writeMetrics(values.reports, report)];
  console.log(values.json ? JSON.stringify(report, null, 2) : formatEvaluation(report));
  process.stderr.write(`\nwritten  ${written.join(', ')}\n`);
}

async function evaluate(task: Omit<EvaluationTask, 'device'>): Promise<EvaluationReport> {
  const { device: name, adapter } = task.configuration;
  const device = await init(name, {
    ...(adapter === undefined ? {} : { adapter }),
    onFallback: (reason) => process.stderr.write(`${reason}\n\n`),
  });
  try {
    return await evaluateRun({ ...task, device });
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
      reports: { type: 'string', default: 'reports' },
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
