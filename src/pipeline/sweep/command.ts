import { codeVersion } from '../runs/codeVersion.ts';
import { ConfigurationError, loadConfiguration } from '../config/configuration.ts';
import { dataVersion } from '../data/datasets.ts';
import { runSweep } from './sweep.ts';
import { parseAxes } from './axes.ts';
import { planTrials } from './plan.ts';
import { tableText } from './table.ts';
import { Interruption } from '../training/errors.ts';
import { valueText } from '../text/valueText.ts';

/** What the command line says of a sweep besides its keys, and how it runs a trial. */
export interface SweepCommand {
  readonly random?: string | undefined;
  readonly jobs?: string | undefined;
  /** The command that trains: `--resume <run>` is added. */
  readonly command: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Trains a configuration for all combinations of values, or some drawn at random, and prints them as a table.
 *
 * @param texts `key=value,value…`: see `parseAxes`
 * @returns whether all trials are finished
 * @throws ConfigurationError before anything is trained; Interruption on Ctrl-C, when the table is printed
 */
export async function sweep(
  file: string,
  texts: readonly string[],
  { random, jobs = '1', command, signal }: SweepCommand,
): Promise<boolean> {
  const base = loadConfiguration(file);
  const trials = await planTrials({
    axes: parseAxes(texts),
    seed: base.seed,
    ...(random !== undefined && { random: wholeNumber('--random', random) }),
    configure: (overrides) => loadConfiguration(file, overrides),
    dataVersion: (data) => dataVersion(data, signal),
    codeVersion: codeVersion(),
  });
  const { folder, states } = await runSweep({
    trials,
    name: base.name,
    best: base.train.best,
    jobs: wholeNumber('--jobs', jobs),
    command,
    signal,
    report: (line) => process.stderr.write(`${line}\n`),
  });
  console.log(`\n${tableText(states)}\n\ntable  ${folder}: sweep.json, sweep.csv`);
  if (signal.aborted) {
    throw new Interruption('Interrupted. The same command goes on with what is not finished.');
  }
  return states.every(({ status }) => status === 'finished');
}

function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new ConfigurationError(`${option} takes a whole number from 1 to 999999, got ${valueText(text)}`);
}
