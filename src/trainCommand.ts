/** What train.ts does: see help. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Backend } from './backend/backend.ts';
import { WgradError } from './backend/errors.ts';
import type { TuningSource } from './backend/webgpu/tuning/stored.ts';
import { DataError } from './data/errors.ts';
import { IMAGE_SIZE } from './data/fashionMnist.ts';
import { writeFileAtomic } from './experiment/atomicFile.ts';
import type { Checkpoint } from './experiment/checkpoint.ts';
import { knowFiles } from './experiment/codeVersion.ts';
import { interruptSignal } from './experiment/commandLine.ts';
import {
  type Configuration,
  ConfigurationError,
  describeConfiguration,
  loadConfiguration,
  printConfiguration,
} from './experiment/configuration.ts';
import { type Datasets, obtainDatasets } from './experiment/datasets.ts';
import { collectEnvironment, type Environment } from './experiment/environment.ts';
import type { EndRecord } from './experiment/journal.ts';
import { lockFolder } from './experiment/lock.ts';
import { buildOptimizer } from './experiment/optimizers.ts';
import { reportProfile } from './experiment/profiling/reportProfile.ts';
import { StepProfiler } from './experiment/profiling/stepProfiler.ts';
import {
  differences,
  FinishedError,
  reopenRun,
  rewindRun,
  type Run,
  withEarlier,
} from './experiment/resume.ts';
import { createRunDirectory, resolveRun, type RunDirectory } from './experiment/runDirectory.ts';
import { rehearse } from './experiment/rehearsal.ts';
import { type Summary, writeSummary } from './experiment/summary.ts';
import { sweep } from './experiment/sweepCommand.ts';
import { trackRun } from './experiment/tracking/trackRun.ts';
import { Interruption, train, type Training } from './experiment/trainer.ts';
import { keepTuning, tuningOf } from './experiment/tuning/runTuning.ts';
import { buildModel } from './models.ts';
import { summary as describeModel } from './nn/index.ts';
import './ops/methods.ts';
import { init } from './tensor/device.ts';
import { manualSeed } from './tensor/random.ts';

/** Made when it is asked for: to describe all keys takes a while. */
const help = (): string => `usage: npx tsx src/train.ts <configuration.yaml> [key=value …] [options]
       npx tsx src/train.ts --resume <run> [key=value …]
       npx tsx src/train.ts <configuration.yaml> --sweep key=value,value… [key=…] [--random N] [--jobs N]

Trains a Fashion-MNIST classifier as the file says, and tests it. Keys on the command line override the file's:

  npx tsx src/train.ts configs/mlp.yaml train.epochs=3 optimizer.lr=0.01 device=cpu seed=7

A run that was stopped, in whatever way, goes on from its last checkpoint and ends as if it had never stopped:

  npx tsx src/train.ts --resume latest

A file can extend others: extends: base.yaml, or a list of them; later values win.

A sweep trains once for each combination of values, and ends with a table, the best first:

  npx tsx src/train.ts configs/mlp.yaml --sweep optimizer.lr=1e-3,3e-4 model.hidden=[128],[256,128] train.epochs=3

It goes on where it was when it is called again; what is finished is not trained again. With --random, values can be
drawn: optimizer.lr=log(1e-4,1e-2), model.dropout=uniform(0,0.5), schedule.stepSize=int(1,5).

options
  --resume RUN     go on with a run: its id, its folder, or latest; a finished one takes a greater train.epochs
  --sweep          train for all combinations of values
  --random N       train for N combinations drawn at random, by the configuration's seed
  --jobs N         trainings at a time in a sweep (default 1)
  --verify-capture N
                   compare every N-th replayed step with the step itself, bit by bit; the training ends where they differ
  --profile        time the kernels of some steps after the first 20, print a table at the end, and write profile.json and
                   trace.json (for https://ui.perfetto.dev or chrome://tracing) into the run's folder
  --print-config   print the resolved configuration and stop
  --help           print this

exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted (Ctrl-C or SIGTERM; a checkpoint is
written)

keys
${describeConfiguration()}`;

async function command(args: string[]): Promise<void> {
  performance.mark('command');
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      'print-config': { type: 'boolean' },
      'verify-capture': { type: 'string' },
      profile: { type: 'boolean' },
      resume: { type: 'string' },
      sweep: { type: 'boolean' },
      random: { type: 'string' },
      jobs: { type: 'string' },
    },
  });
  if (values.help) {
    console.log(help());
    return;
  }
  const verifyCapture = everySoMany('--verify-capture', values['verify-capture']);
  const watch = {
    ...(verifyCapture !== undefined && { verifyCapture }),
    ...(values.profile && { profiler: new StepProfiler() }),
  };
  if (values.resume !== undefined) return resume(values.resume, positionals, watch);
  const [file, ...overrides] = positionals;
  if (file === undefined) throw new ConfigurationError('give a configuration file, such as configs/mlp.yaml');
  if (values.sweep) {
    if (values.profile) throw new ConfigurationError('--profile takes one training, not a --sweep');
    const command = [
      process.execPath,
      ...process.execArgv,
      fileURLToPath(new URL('./train.ts', import.meta.url)),
    ];
    const allFinished = await sweep(file, overrides, { ...values, command, signal: interruptSignal() });
    if (!allFinished) process.exitCode = 1;
    return;
  }
  const configuration = loadConfiguration(file, overrides);
  performance.mark('configuration');
  if (values['print-config']) {
    process.stdout.write(printConfiguration(configuration));
    return;
  }
  await opened(configuration, 'stored', async (all) => {
    const directory = await createRunDirectory(configuration.run.dir, configuration.name);
    await locked(directory.path, () => runExperiment({ configuration, directory }, all, watch));
  });
}

/** The whole number that an option gives; undefined without the option. */
function everySoMany(option: string, text: string | undefined): number | undefined {
  const number = Number(text ?? 1);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new ConfigurationError(`${option} takes a whole number from 1 on, got '${text}'`);
  }
  return text === undefined ? undefined : number;
}

/** What a training is watched by, which leaves its results as they are. */
type Watch = Pick<Training, 'verifyCapture' | 'profiler'>;

async function resume(reference: string, overrides: string[], watch: Watch): Promise<void> {
  const file = overrides.find((text) => !text.includes('='));
  if (file !== undefined) {
    throw new ConfigurationError(`--resume takes the configuration of the run; leave out ${file}`);
  }
  const path = await realpath(await resolveRun('runs', reference));
  await locked(path, async () => {
    const run = await reopenRun(path, overrides, warn);
    await opened(run.configuration, await tuningOf(path), (all) => runExperiment(run, all, watch));
  });
}

async function locked(path: string, action: () => Promise<void>): Promise<void> {
  const unlock = await lockFolder(path);
  try {
    await action();
  } finally {
    await unlock();
  }
}

/** What a training needs from outside. */
interface Opened {
  device: Backend;
  /** Fulfilled when the training's kernels are compiled: see `rehearse`. */
  rehearsal: Promise<void>;
  /** The data on the device, which may still be under way. */
  data: Promise<Datasets>;
  /** What all this runs on, but for the device and the data. */
  environment: Environment;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** Opens the device while the data are read, and gives both to `action`. */
async function opened(
  configuration: Configuration,
  tuning: TuningSource,
  action: (opened: Opened) => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const signal = interruptSignal();
  try {
    // Begun before the device is opened, which holds up all else: git starts sooner beside less memory.
    const facts = collectEnvironment();
    const opening = openDevice(configuration, tuning);
    const rehearsal = opening.then(async (device) => {
      performance.mark('device');
      await turn(); // an upload that can begin goes first: the driver has something to do then
      await rehearse(configuration, device, buildModel);
    });
    const data = obtainDatasets(configuration, opening, AbortSignal.any([signal, over.signal]), rehearsal);
    for (const each of [rehearsal, data]) each.catch(() => undefined); // looked at where they are awaited
    const [device, environment] = await Promise.all([opening, facts]);
    await action({ device, rehearsal, data, environment, signal });
  } finally {
    over.abort();
  }
}

function openDevice({ device, adapter }: Configuration, tuning: TuningSource): Promise<Backend> {
  return init(device, {
    tuning,
    ...(adapter === undefined ? {} : { adapter }),
    onFallback: (reason) => process.stderr.write(`${reason}\nTraining on the CPU backend.\n\n`),
  });
}

/** Trains, from the beginning or from a run's checkpoint, and leaves all records in the run's folder. */
async function runExperiment(run: Run, opened: Opened, watch: Watch): Promise<void> {
  const { device, rehearsal, data, signal } = opened;
  const { configuration, directory, checkpoint } = run;
  await writeFileAtomic(join(directory.path, 'config.yaml'), printConfiguration(configuration));
  process.stderr.write(`device  ${device.name}: ${device.description}\nrun     ${directory.path}\n`);
  if (device.tuning) process.stderr.write(`kernels ${device.tuning.description}\n`);
  if (device.tuning?.note !== undefined) warn(device.tuning.note);
  await rehearsal;
  manualSeed(configuration.seed);
  const model = buildModel(configuration.model);
  const inputShape = [configuration.train.batchSize, 1, IMAGE_SIZE, IMAGE_SIZE];
  process.stderr.write(`\n${String(describeModel(model, inputShape))}\n\n`);
  const optimizer = buildOptimizer(configuration.optimizer, model.parameters());
  performance.mark('model');
  const datasets = await data;
  performance.mark('data');
  const environment = {
    ...opened.environment,
    adapter: device.info,
    dataChecksums: datasets.checksums,
    dataVersion: datasets.dataVersion,
  };
  for (const difference of differences(run, device, environment)) warn(difference);
  await keepTuning(directory.path, device);
  await writeFileAtomic(
    join(directory.path, 'environment.json'),
    `${JSON.stringify(withEarlier(run, environment), null, 2)}\n`,
  );

  await rewindRun(run);
  if (checkpoint) process.stderr.write(`${goesOn(checkpoint)}\n`);
  const tracking = await trackRun(directory.path, warn);
  const { journal } = tracking;
  let end: EndRecord['status'] = 'failed';
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
      ...(checkpoint && { checkpoint }),
      afterEpoch: (position) => tracking.recordInsights(position, model, datasets.validation),
      ...watch,
    });
    await writeSummary(join(directory.path, 'summary.json'), summary);
    end = 'finished';
    printSummary(summary, directory);
  } catch (error) {
    if (error instanceof Interruption) end = 'interrupted';
    throw error;
  } finally {
    await tracking.end(end);
    if (watch.profiler) await reportProfile(watch.profiler, device, directory.path).catch(warnOf);
    device.destroy();
  }
}

function goesOn({ path, position: { epoch, step } }: Checkpoint): string {
  return `going on from ${path}: ${epoch} epochs and ${step} steps are done`;
}

function warn(text: string): void {
  process.stderr.write(`warning: ${text}\n`);
}

function warnOf(error: unknown): void {
  warn(`the profile is lost: ${error instanceof Error ? error.message : String(error)}`);
}

function printSummary(summary: Summary, directory: RunDirectory): void {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const { validation, testAccuracy, testLoss, samplesPerSecond, seconds, stopped, epochs, bestEpoch } =
    summary;
  const { secondsToFirstStep } = summary;
  const why = {
    epochs: 'all',
    earlyStopping: 'no progress since: train.earlyStopping',
    maxMinutes: 'the time was up: train.maxMinutes',
  };
  console.log(`
epochs         ${epochs} (${why[stopped]}), the best ${bestEpoch}
test accuracy  ${percent(testAccuracy)} (loss ${testLoss.toFixed(4)})${validation ? `, validation ${percent(validation.accuracy)}` : ''}
training       ${Math.round(samplesPerSecond)} samples/s, ${seconds.toFixed(1)} s in all, the first step after ${secondsToFirstStep.toFixed(2)} s, on ${summary.device}
run            ${directory.path}: summary.json, metrics.jsonl, checkpoints/best.safetensors
next           ${stopped === 'maxMinutes' ? `npx tsx src/train.ts --resume ${directory.path} train.maxMinutes=…   to go on\n               ` : ''}npx tsx src/evaluate.ts ${directory.path}    what the model is worth
               npx tsx src/visualize.ts ${directory.path}   its figures, and one page with all of it`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof FinishedError) return 0;
  if (error instanceof Interruption) return 130;
  if (error instanceof ConfigurationError) return 2;
  return error instanceof TypeError && 'code' in error ? 2 : 1;
}

/**
 * Does what the command line says, and sets the exit code.
 *
 * @param files the SHA-256 of source files that have been read already, by their paths from the project's root
 */
export async function main(
  args: string[],
  files: readonly (readonly [path: string, sha256: string])[] = [],
): Promise<void> {
  knowFiles(files);
  try {
    await command(args);
  } catch (error) {
    const expected = error instanceof WgradError || error instanceof DataError || exitCodeOf(error) === 2;
    console.error(expected ? (error as Error).message : error);
    process.exitCode = exitCodeOf(error);
  }
}
