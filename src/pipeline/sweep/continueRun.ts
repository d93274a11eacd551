import { basename } from 'node:path';
import { loadConfiguration } from '../config/configuration.ts';
import { dataVersion } from '../data/datasets.ts';
import { weightsFileSha256 } from '../experiment/initialWeights.ts';
import { type FinishedRun, resumeRun, type RunOptions } from '../experiment/run.ts';
import { codeVersion } from '../runs/codeVersion.ts';
import { pointLatest } from '../runs/directory.ts';
import { makeTrial, prepareTrial, trialSummary } from './trial.ts';

/**
 * Trains what a configuration describes, once: in a folder whose name follows from the configuration and the versions of
 * data and code, as that of a sweep's trial. The same call starts the run, continues it where it was stopped, and reads
 * the summary of a finished one. So a job that is evicted and started again ends as if it had never been stopped.
 *
 * @param file the configuration
 * @param overrides of its keys, `key=value`
 * @throws as `resumeRun`
 * @example await continueRun('configs/cnn.yaml', ['run.dir=runs'], { signal })   // runs/cnn-d5c1a1dddddcca6c
 */
export async function continueRun(
  file: string,
  overrides: readonly string[],
  options: RunOptions,
): Promise<FinishedRun> {
  const configuration = loadConfiguration(file, overrides);
  const { data, init, run } = configuration;
  const trial = makeTrial(overrides, configuration, {
    data: await dataVersion(data, options.signal),
    code: codeVersion(),
    ...(init !== undefined && { init: await weightsFileSha256(init) }),
  });
  await prepareTrial(trial);
  await pointLatest(run.dir, basename(trial.path));
  const summary = await trialSummary(trial);
  return summary ? { path: trial.path, summary } : resumeRun(trial.path, [], options);
}
