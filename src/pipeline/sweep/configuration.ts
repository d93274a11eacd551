import { codeVersion } from '../runs/codeVersion.ts';
import { loadConfiguration } from '../config/configuration.ts';
import { dataVersion } from '../data/datasets.ts';
import { weightsFileSha256 } from '../experiment/initialWeights.ts';
import { parseAxes } from './axes.ts';
import { EmbeddedRunner, type EmbeddedOptions } from './embedded.ts';
import { planTrials } from './plan.ts';
import { runSweep, type SweepResult } from './sweep.ts';

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
  { random, ...options }: EmbeddedOptions & { readonly random?: number | undefined },
): Promise<SweepResult> {
  const base = loadConfiguration(file);
  const trials = await planTrials({
    axes: parseAxes(texts),
    seed: base.seed,
    random,
    configure: (overrides) => loadConfiguration(file, overrides),
    dataVersion: (data) => dataVersion(data, options.signal),
    codeVersion: codeVersion(),
    weightsVersion: weightsFileSha256,
  });
  return runSweep({
    runner: new EmbeddedRunner(options),
    trials,
    name: base.name,
    best: base.train.best,
    report: (line) => process.stderr.write(`${line}\n`),
  });
}
