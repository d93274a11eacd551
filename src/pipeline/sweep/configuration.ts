import { codeVersion } from '../runs/codeVersion.ts';
import { loadConfiguration } from '../config/configuration.ts';
import { dataVersion } from '../data/datasets.ts';
import { weightsFileSha256 } from '../experiment/initialWeights.ts';
import { openStore } from './artifacts/open.ts';
import { parseAxes } from './axes.ts';
import { EmbeddedRunner, type EmbeddedOptions } from './embedded.ts';
import { planTrials } from './plan.ts';
import type { QueueOptions } from './queue/runner.ts';
import type { TrialRunner } from './runner.ts';
import { runSweep, sweepName, type SweepResult } from './sweep.ts';

/** Where the trials run: in processes of this machine, or on the workers of a queue. */
export type Place =
  | Pick<EmbeddedOptions, 'jobs' | 'command' | 'metrics'>
  | (Pick<QueueOptions, 'url' | 'label'> & { readonly store: string });

interface ConfigurationSweep {
  readonly random?: number | undefined;
  readonly place: Place;
  readonly signal: AbortSignal;
}

/**
 * Trains a configuration for all combinations of values, or for some drawn at random.
 *
 * @param texts `key=value,value…`: see `parseAxes`
 * @param options `random`: how many combinations to draw; without it, all are trained
 * @returns how all trials stand, after an abort too
 * @throws ConfigurationError before anything is trained
 */
export async function sweepConfiguration(
  file: string,
  texts: readonly string[],
  { random, place, signal }: ConfigurationSweep,
): Promise<SweepResult> {
  const base = loadConfiguration(file);
  const trials = await planTrials({
    axes: parseAxes(texts),
    seed: base.seed,
    random,
    configure: (overrides) => loadConfiguration(file, overrides),
    dataVersion: (data) => dataVersion(data, signal),
    codeVersion: codeVersion(),
    weightsVersion: weightsFileSha256,
  });
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  const name = sweepName(base.name, trials);
  const runner = await openRunner(place, { sweep: name, signal, report });
  try {
    return await runSweep({ trials, name, best: base.train.best, runner, report });
  } finally {
    await runner.close();
  }
}

/** Imports the queue only where it is used. */
async function openRunner(
  place: Place,
  options: Pick<QueueOptions, 'sweep' | 'signal' | 'report'>,
): Promise<TrialRunner> {
  if ('jobs' in place) return new EmbeddedRunner({ ...place, signal: options.signal });
  const { QueueRunner } = await import('./queue/runner.ts');
  return new QueueRunner({ ...place, ...options, store: openStore(place.store) });
}
