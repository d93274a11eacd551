/** The command that trains a classifier from a configuration file: see HELP. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WgradError } from './backend/errors.ts';
import { DataError } from './data/errors.ts';
import { IMAGE_SIZE } from './data/fashionMnist.ts';
import { writeFileAtomic } from './experiment/atomicFile.ts';
import {
  type Configuration,
  ConfigurationError,
  describeConfiguration,
  loadConfiguration,
  printConfiguration,
} from './experiment/configuration.ts';
import { openDatasets } from './experiment/datasets.ts';
import { collectEnvironment } from './experiment/environment.ts';
import { openJournal } from './experiment/journal.ts';
import { buildOptimizer } from './experiment/optimizers.ts';
import { createRunDirectory, type RunDirectory } from './experiment/runDirectory.ts';
import { type Summary, writeSummary } from './experiment/summary.ts';
import { Interruption, train } from './experiment/trainer.ts';
import { buildModel } from './models.ts';
import { summary as describeModel } from './nn/index.ts';
import './ops/methods.ts';
import { init } from './tensor/device.ts';
import { manualSeed } from './tensor/random.ts';

const HELP = `usage: npx tsx src/train.ts <configuration.yaml> [key=value …] [options]

Trains a Fashion-MNIST classifier as the file says, and tests it. Keys on the command line override the file's:

  npx tsx src/train.ts configs/mlp.yaml train.epochs=3 optimizer.lr=0.01 device=cpu seed=7

options
  --print-config   print the resolved configuration and stop
  --help           print this

exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted (Ctrl-C; a checkpoint is written)

keys
${describeConfiguration()}`;

const ON_THE_CPU = `Training on the CPU backend. On Debian and Ubuntu this installs a WebGPU driver that needs no GPU:
  sudo bash scripts/install-software-driver.sh`;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean' }, 'print-config': { type: 'boolean' } },
  });
  const [file, ...overrides] = positionals;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (file === undefined) throw new ConfigurationError('give a configuration file, such as configs/mlp.yaml');
  const configuration = loadConfiguration(file, overrides);
  if (values['print-config']) {
    process.stdout.write(printConfiguration(configuration));
    return 0;
  }
  await runExperiment(configuration);
  return 0;
}

async function runExperiment(configuration: Configuration): Promise<void> {
  const signal = interruptSignal();
  const device = await init(configuration.device, {
    ...(configuration.adapter === undefined ? {} : { adapter: configuration.adapter }),
    onFallback: (reason) => process.stderr.write(`${reason}\n${ON_THE_CPU}\n\n`),
  });
  const directory = await createRunDirectory(configuration.run.dir, configuration.name);
  await writeFileAtomic(join(directory.path, 'config.yaml'), printConfiguration(configuration));
  process.stderr.write(`device  ${device.name}: ${device.description}\nrun     ${directory.path}\n`);
  const facts = collectEnvironment({ adapterInfo: device.info });
  const datasets = await openDatasets(configuration, device, signal);
  const environment = {
    ...(await facts),
    dataChecksums: datasets.checksums,
    dataVersion: datasets.dataVersion,
  };
  await writeFileAtomic(
    join(directory.path, 'environment.json'),
    `${JSON.stringify(environment, null, 2)}\n`,
  );

  manualSeed(configuration.seed);
  const model = buildModel(configuration.model);
  const inputShape = [configuration.train.batchSize, 1, IMAGE_SIZE, IMAGE_SIZE];
  process.stderr.write(`\n${String(describeModel(model, inputShape))}\n\n`);
  const optimizer = buildOptimizer(configuration.optimizer, model.parameters());
  const journal = openJournal(join(directory.path, 'metrics.jsonl'));
  try {
    const summary = await train({
      configuration,
      device,
      model,
      optimizer,
      datasets,
      directory,
      journal,
      signal,
    });
    await writeSummary(join(directory.path, 'summary.json'), summary);
    printSummary(summary, directory);
  } finally {
    journal.close();
    device.destroy();
  }
}

function printSummary(summary: Summary, directory: RunDirectory): void {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const { validation, testAccuracy, testLoss, samplesPerSecond, seconds } = summary;
  console.log(`
test accuracy  ${percent(testAccuracy)} (loss ${testLoss.toFixed(4)})${validation ? `, validation ${percent(validation.accuracy)}` : ''}
training       ${Math.round(samplesPerSecond)} samples/s, ${seconds.toFixed(1)} s in all, on ${summary.device}
run            ${directory.path}: summary.json, metrics.jsonl, checkpoints/best.safetensors
next           npx tsx src/train.ts configs/mlp.yaml optimizer.lr=0.0005   to try another setting
               npx tsx src/doctor.ts                                       to see what this machine offers`);
}

/** Aborted by the first Ctrl-C, so that the training can stop cleanly; the second one ends the process. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort();
    process.once('SIGINT', () => process.exit(130));
  });
  return controller.signal;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Interruption) return 130;
  if (error instanceof ConfigurationError) return 2;
  return error instanceof TypeError && 'code' in error ? 2 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof WgradError || error instanceof DataError || exitCodeOf(error) === 2;
  console.error(expected ? (error as Error).message : error);
  process.exitCode = exitCodeOf(error);
}
