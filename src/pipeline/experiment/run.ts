import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { summary as modelSummary } from '../../nn/index.ts';
import { type Configuration, printConfiguration } from '../config/configuration.ts';
import { fixedDescription } from '../data/datasets.ts';
import { reportProfile } from '../diagnostics/profiling/report.ts';
import type { StepProfiler } from '../diagnostics/profiling/stepProfiler.ts';
import { keepTuning, tuningOf } from '../diagnostics/tuning/runTuning.ts';
import { writeFileAtomic } from '../files/atomicFile.ts';
import { writeJson } from '../files/json.ts';
import { lockFolder } from '../files/lock.ts';
import { parseYaml } from '../files/yamlValue.ts';
import { initialModel } from '../models/buildModel.ts';
import { createRunDirectory, resolveRun } from '../runs/directory.ts';
import { withDeviceAndData } from '../runs/environment.ts';
import type { EndRecord } from '../runs/journal/journal.ts';
import type { RunSummary } from '../runs/summary.ts';
import { errorText } from '../text/errorText.ts';
import type { Observer } from '../tracking/tracking.ts';
import { trackRun } from '../tracking/trackRun.ts';
import { Interruption } from '../training/errors.ts';
import { train } from '../training/trainer.ts';
import { type Opened, withOpened } from './open.ts';
import { loadInitialWeights } from './initialWeights.ts';
import { differences, reopenRun, rewindRun, type Run, withEarlier } from './resume.ts';

/** Options of a run that leave its results unchanged. */
export interface RunOptions {
  /** Compare every n-th replayed step with the step itself. */
  readonly verifyCapture?: number | undefined;
  readonly profiler?: StepProfiler | undefined;
  /** They get the records of the training, as its trackers do. */
  readonly observers?: readonly Observer[];
  /** Stops the training after a checkpoint. */
  readonly signal: AbortSignal;
}

/** A finished run, and its folder. */
export interface FinishedRun {
  readonly path: string;
  readonly summary: RunSummary;
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
 * @param reference `latest`, an id in the folder of runs, or a folder
 * @param words new values of the keys that a resumed run may change; `run.dir=…` says where the runs are (default: `runs`)
 * @throws FinishedError where nothing is left to do, ConfigurationError, and as `startRun`
 */
export async function resumeRun(
  reference: string,
  words: readonly string[],
  options: RunOptions,
): Promise<FinishedRun> {
  const { root, overrides } = runsFolderOf(words);
  const path = await realpath(await resolveRun(root, reference));
  return locked(path, async () => {
    const run = await reopenRun(path, overrides, warn);
    return withOpened(run.configuration, await tuningOf(path), options.signal, (opened) =>
      runExperiment(run, opened, options),
    );
  });
}

/** The folder of runs that words name, and the words that do not. */
function runsFolderOf(words: readonly string[]): { root: string; overrides: string[] } {
  const names = (word: string): boolean => word.startsWith('run.dir=');
  const folder = words.findLast(names);
  const overrides = words.filter((word) => !names(word));
  if (folder === undefined) return { root: 'runs', overrides };
  return { root: String(parseYaml(folder.slice('run.dir='.length)).value), overrides };
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
  const { device } = opened;
  const { configuration, directory, checkpoint } = run;
  const { path } = directory;
  await writeFileAtomic(join(path, 'config.yaml'), printConfiguration(configuration));
  process.stderr.write(`run     ${path}\n`);
  // The images of Fashion-MNIST are known, so its model is built while they are read.
  const description = fixedDescription(configuration.data) ?? (await opened.data).train.set.description;
  const model = initialModel(configuration, description);
  if (configuration.init !== undefined && !checkpoint) {
    await loadInitialWeights(path, configuration, model);
    process.stderr.write(`init    ${configuration.init}\n`);
  }
  performance.mark('model');
  const inputShape = [configuration.train.batchSize, 1, description.height, description.width];
  process.stderr.write(`\n${String(modelSummary(model, inputShape))}\n\n`);
  const datasets = await opened.data;
  performance.mark('data');
  const environment = withDeviceAndData(opened.environment, device, datasets);
  for (const difference of differences(run, device, environment)) warn(difference);
  await keepTuning(path, device);
  await writeJson(join(path, 'environment.json'), withEarlier(run, environment));

  await rewindRun(run);
  if (checkpoint) {
    const { epoch, step } = checkpoint.position;
    process.stderr.write(`continuing from ${checkpoint.path}: ${epoch} epochs and ${step} steps are done\n`);
  }
  const tracking = await trackRun(path, warn, options.observers);
  let end: EndRecord['status'] = 'failed';
  try {
    const summary = await train({
      configuration,
      device,
      model,
      datasets,
      directory,
      journal: tracking.journal,
      checkpoint,
      afterEpoch: (position) => tracking.recordInsights(position, model, datasets.validation),
      ...options,
    });
    await writeJson(join(path, 'summary.json'), summary);
    end = 'finished';
    return { path, summary };
  } catch (error) {
    if (error instanceof Interruption) end = 'interrupted';
    throw error;
  } finally {
    await tracking.end(end);
    if (options.profiler) {
      await reportProfile(options.profiler, device, path).catch((error: unknown) =>
        warn(`the profile is lost: ${errorText(error)}`),
      );
    }
  }
}

function warn(text: string): void {
  process.stderr.write(`warning: ${text}\n`);
}
