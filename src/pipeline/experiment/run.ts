import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { summary as describeModel } from '../../nn/index.ts';
import '../../ops/methods.ts';
import { manualSeed } from '../../tensor/random.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { type Configuration, printConfiguration } from '../config/configuration.ts';
import { IMAGE_SIZE } from '../data/fashionMnist.ts';
import { reportProfile } from '../diagnostics/profiling/report.ts';
import type { StepProfiler } from '../diagnostics/profiling/stepProfiler.ts';
import { keepTuning, tuningOf } from '../diagnostics/tuning/runTuning.ts';
import { writeFileAtomic } from '../files/atomicFile.ts';
import { lockFolder } from '../files/lock.ts';
import { buildModel } from '../models/buildModel.ts';
import type { EndRecord } from '../runs/journal/journal.ts';
import { createRunDirectory, resolveRun } from '../runs/directory.ts';
import { type Summary, writeSummary } from '../runs/summary.ts';
import { trackRun } from '../tracking/trackRun.ts';
import { buildOptimizer } from '../training/optimizers.ts';
import { Interruption, train, type Training } from '../training/trainer.ts';
import { type Opened, withOpened } from './open.ts';
import { differences, reopenRun, rewindRun, type Run, withEarlier } from './resume.ts';

/** Options of a run that leave its results unchanged. */
export interface RunOptions {
  /** Compare every n-th replayed step with the step itself. */
  readonly verifyCapture?: number;
  readonly profiler?: StepProfiler;
  /** Stops the training after a checkpoint. */
  readonly signal: AbortSignal;
}

/** A run that ended, and its folder. */
export interface FinishedRun {
  readonly path: string;
  readonly summary: Summary;
}

/**
 * Trains what a configuration describes, in a new run folder.
 *
 * @throws Interruption on an abort, TrainingError, DataError, AdapterError, FileError
 * @example const { summary } = await startRun(loadConfiguration('configs/mlp.yaml'), { signal });
 */
export async function startRun(configuration: Configuration, options: RunOptions): Promise<FinishedRun> {
  return withOpened(configuration, 'stored', options.signal, async (opened) => {
    const directory = await createRunDirectory(configuration.run.dir, configuration.name);
    return locked(directory.path, () => runExperiment({ configuration, directory }, opened, options));
  });
}

/**
 * Continues a run from its newest intact checkpoint.
 *
 * @param reference `latest`, an id in `runs`, or a folder
 * @param overrides new values of the keys that a resumed run may change
 * @throws FinishedError where nothing is left to do, ConfigurationError, and as `startRun`
 */
export async function resumeRun(
  reference: string,
  overrides: readonly string[],
  options: RunOptions,
): Promise<FinishedRun> {
  const path = await realpath(await resolveRun('runs', reference));
  return locked(path, async () => {
    const run = await reopenRun(path, overrides, warn);
    return withOpened(run.configuration, await tuningOf(path), options.signal, (opened) =>
      runExperiment(run, opened, options),
    );
  });
}

async function locked<T>(path: string, action: () => Promise<T>): Promise<T> {
  const unlock = await lockFolder(path);
  try {
    return await action();
  } finally {
    await unlock();
  }
}

/** The whole experiment: trains a run, from its start or its checkpoint, and writes all records into its folder. */
async function runExperiment(run: Run, opened: Opened, options: RunOptions): Promise<FinishedRun> {
  const { device, rehearsal } = opened;
  const { configuration, directory, checkpoint } = run;
  await writeFileAtomic(join(directory.path, 'config.yaml'), printConfiguration(configuration));
  process.stderr.write(`run     ${directory.path}\n`);
  await rehearsal;
  const model = initialModel(configuration);
  performance.mark('model');
  const inputShape = [configuration.train.batchSize, 1, IMAGE_SIZE, IMAGE_SIZE];
  process.stderr.write(`\n${String(describeModel(model, inputShape))}\n\n`);
  const datasets = await opened.data;
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
  if (checkpoint) process.stderr.write(`${continues(checkpoint)}\n`);
  const tracking = await trackRun(directory.path, warn);
  let end: EndRecord['status'] = 'failed';
  try {
    const summary = await trainModel(model, {
      configuration,
      device,
      datasets,
      directory,
      journal: tracking.journal,
      ...(checkpoint && { checkpoint }),
      afterEpoch: (position) => tracking.recordInsights(position, model, datasets.validation),
      ...options,
    });
    await writeSummary(join(directory.path, 'summary.json'), summary);
    end = 'finished';
    return { path: directory.path, summary };
  } catch (error) {
    if (error instanceof Interruption) end = 'interrupted';
    throw error;
  } finally {
    await tracking.end(end);
    if (options.profiler) await reportProfile(options.profiler, device, directory.path).catch(warnOfProfile);
  }
}

/** The network of a configuration with its first weights, which follow from the seed. */
export function initialModel({ seed, model }: Configuration): Training['model'] {
  manualSeed(seed);
  return buildModel(model);
}

/** Trains a network with the optimizer of the configuration. */
export function trainModel(
  model: Training['model'],
  parts: Omit<Training, 'model' | 'optimizer'>,
): Promise<Summary> {
  const optimizer = buildOptimizer(parts.configuration.optimizer, model.parameters());
  return train({ ...parts, model, optimizer });
}

function continues({ path, position: { epoch, step } }: Checkpoint): string {
  return `continuing from ${path}: ${epoch} epochs and ${step} steps are done`;
}

function warn(text: string): void {
  process.stderr.write(`warning: ${text}\n`);
}

function warnOfProfile(error: unknown): void {
  warn(`the profile is lost: ${error instanceof Error ? error.message : String(error)}`);
}
