/** The command that measures what a trained model is worth: see HELP. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WgradError } from './backend/errors.ts';
import { DataError } from './data/errors.ts';
import { type Configuration, ConfigurationError, loadConfiguration } from './experiment/configuration.ts';
import { evaluateRun } from './experiment/evaluation/evaluateRun.ts';
import { writeMetrics } from './experiment/evaluation/metricsFile.ts';
import { type EvaluationReport, writeEvaluation } from './experiment/evaluation/report.ts';
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
  --compare <run>     compare with another run, on the same images: McNemar's test
  --root <folder>     where runs are looked up (default runs)
  --device <name>     webgpu, cpu or auto (default: as the run was configured)
  --limit <n>         evaluate on this many test images only, chosen evenly over the classes
  --reports <folder>  where metrics.json is written (default reports)
  --json              print the evaluation as JSON
  --help              print this

exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted`;

class UsageError extends Error {}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return;
  }
  const [reference, ...rest] = positionals;
  if (reference === undefined) throw new UsageError('give a run: latest, an id, or a folder');
  if (rest.length > 0) throw new UsageError(`one run at a time, got also: ${rest.join(' ')}`);
  const { device: deviceName, limit } = values;
  if (deviceName !== undefined && !isDeviceName(deviceName)) {
    throw new UsageError(`--device takes webgpu, cpu or auto, got ${deviceName}`);
  }
  const images = limit === undefined ? undefined : parseCount('--limit', limit);

  const path = await realpath(await resolveRun(values.root, reference));
  const recorded = loadConfiguration(join(path, 'config.yaml'));
  const configuration: Configuration = {
    ...recorded,
    device: deviceName ?? recorded.device,
    train: { ...recorded.train, ...(images === undefined ? {} : { limitTest: images }) },
  };
  const report = await evaluate(path, configuration, values);
  const written = [await writeEvaluation(path, report), await writeMetrics(values.reports, report)];
  console.log(values.json ? JSON.stringify(report, null, 2) : formatEvaluation(report));
  process.stderr.write(`\nwritten  ${written.join(', ')}\n`);
}

async function evaluate(
  path: string,
  configuration: Configuration,
  { root, compare }: { root: string; compare?: string | undefined },
): Promise<EvaluationReport> {
  const compareWith = compare === undefined ? undefined : await realpath(await resolveRun(root, compare));
  const device = await init(configuration.device, {
    ...(configuration.adapter === undefined ? {} : { adapter: configuration.adapter }),
    onFallback: (reason) => process.stderr.write(`${reason}\n\n`),
  });
  try {
    return await evaluateRun({ path, configuration, device, build: buildModel, compareWith });
  } finally {
    device.destroy();
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        root: { type: 'string', default: 'runs' },
        reports: { type: 'string', default: 'reports' },
        compare: { type: 'string' },
        device: { type: 'string' },
        limit: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function isDeviceName(name: string): name is Configuration['device'] {
  return name === 'webgpu' || name === 'cpu' || name === 'auto';
}

function parseCount(option: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`${option} takes a whole number from 1 up, got ${text}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exitCode = 2;
  } else {
    const expected = error instanceof WgradError || error instanceof DataError;
    console.error(expected ? error.message : error);
    process.exitCode = error instanceof ConfigurationError ? 2 : 1;
  }
}
