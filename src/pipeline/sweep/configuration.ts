import { codeVersion } from '../runs/codeVersion.ts';
import {
  type Configuration,
  ConfigurationError,
  loadConfiguration,
  type SweepConfiguration,
} from '../config/configuration.ts';
import { Best, type BestOptions } from '../training/best.ts';
import { dataVersion } from '../data/datasets.ts';
import { weightsFileSha256 } from '../experiment/initialWeights.ts';
import { openStore } from './artifacts/open.ts';
import { type Axis, exampleTrial, type Overrides, parseAxes } from './axes.ts';
import { EmbeddedRunner, type EmbeddedOptions } from './embedded.ts';
import { planTrials, trialMaker } from './plan.ts';
import type { QueueOptions } from './queue/runner.ts';
import type { TrialRunner } from './runner.ts';
import { SuccessiveHalving } from './search/halving.ts';
import { type SweepHistory, withHistory } from './search/history.ts';
import { searchSource } from './search/searchSource.ts';
import { plannedSource, type TrialSource } from './source.ts';
import { makeSweepFolder, runSweep, sweepName, type SweepResult } from './sweep.ts';
import { variedKeys } from './table.ts';
import type { Trial } from './trial.ts';

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
 * Trains a configuration for all combinations of values, for some drawn at random, or for those that a search suggests.
 *
 * @param texts `key=value,value…`: see `parseAxes`; `sweep.search=tpe` and other keys of `sweep` say how trials are chosen
 * @param options `random`: how many combinations to draw; the same as `sweep={search: random, trials: N}`
 * @returns how all trials stand, after an abort too
 * @throws ConfigurationError before anything is trained, LockedError where another process searches for the same sweep
 */
export async function sweepConfiguration(
  file: string,
  texts: readonly string[],
  { random, place, signal }: ConfigurationSweep,
): Promise<SweepResult> {
  const { base, axes, settings } = readSweep(file, texts, random);
  const configure = (overrides: Overrides): Configuration => loadConfiguration(file, overrides);
  const makeAny = trialMaker({
    configure,
    dataVersion: (data) => dataVersion(data, signal),
    codeVersion: codeVersion(),
    weightsVersion: weightsFileSha256,
  });
  const { train, run } = configure(exampleTrial(axes));
  const { best } = train;
  const { earlyStopping, startupTrials, trials: total = 1, parallel } = settings;
  const make = async (overrides: Overrides): Promise<Trial> => {
    const trial = await makeAny(overrides);
    if (earlyStopping) requireComparable(trial, best);
    return trial;
  };
  const seed = settings.seed ?? base.seed;
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  const runWith = async (
    source: TrialSource,
    name: string,
    folder: string,
    history?: SweepHistory,
  ): Promise<SweepResult> => {
    const halving = earlyStopping && history && new SuccessiveHalving(earlyStopping, best, history);
    const runner = await openRunner(place, { sweep: name, signal, report });
    try {
      return await runSweep({ source, folder, best, runner, halving, report });
    } finally {
      await runner.close();
    }
  };

  if (settings.search !== 'tpe') {
    const trials = await planTrials({ axes, seed, random: settings.trials }, make);
    const ids = trials.map(({ id }) => id).sort();
    const source = plannedSource(trials, variedKeys(trials));
    if (!earlyStopping) {
      const name = sweepName(base.name, ids);
      return runWith(source, name, makeSweepFolder(run.dir, name));
    }
    const name = sweepName(base.name, [...ids, JSON.stringify({ earlyStopping, best })]);
    const folder = makeSweepFolder(run.dir, name);
    return withHistory(folder, (history) => runWith(source, name, folder, history), trials);
  }
  const lanes = parallel ?? ('jobs' in place ? place.jobs : QUEUE_LANES);
  const basis = { axes, seed, startupTrials, earlyStopping, best, trial: (await make([])).id };
  const name = sweepName(base.name, ['tpe', JSON.stringify(basis)]);
  const folder = makeSweepFolder(run.dir, name);
  return withHistory(folder, async (history) => {
    const options = { axes, total, lanes, best, seed, startupTrials, make, history };
    return runWith(await searchSource(options), name, folder, history);
  });
}

/** @throws ConfigurationError where the trial's validations cannot be compared with those of the others */
function requireComparable({ configuration: { data, train }, overrides }: Trial, best: BestOptions): void {
  const problem =
    data.validation === 0
      ? 'data.validation > 0, which trials are compared by'
      : train.best.metric !== best.metric || Best.sign(train.best) !== Best.sign(best)
        ? 'the same train.best for all trials'
        : undefined;
  if (problem === undefined) return;
  throw new ConfigurationError(
    `sweep.earlyStopping does not fit\n    takes  ${problem}\n    got    ${overrides.join(' ')}`,
  );
}

/** Trials of a search that the queue has at a time. */
const QUEUE_LANES = 4;

/** What varies, and how: from the file and the words, which win. */
function readSweep(
  file: string,
  texts: readonly string[],
  random: number | undefined,
): { base: Configuration; axes: Axis[]; settings: SweepConfiguration } {
  const isSetting = (text: string): boolean => /^sweep[.=]/.test(text);
  const drawn = random === undefined ? [] : ['sweep.search=random', `sweep.trials=${random}`];
  const base = loadConfiguration(file, [...texts.filter(isSetting), ...drawn]);
  const settings = base.sweep ?? { axes: [], search: 'grid', startupTrials: 10 };
  const words = texts.filter((text) => !isSetting(text));
  const given = new Set(words.map(keyOf));
  const axes = parseAxes([...settings.axes.filter((text) => !given.has(keyOf(text))), ...words]);
  return { base, axes, settings };
}

function keyOf(text: string): string {
  return text.slice(0, Math.max(text.indexOf('='), 0));
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
