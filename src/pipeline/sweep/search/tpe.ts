import { philox4x32 } from '../../../backend/philox.ts';
import { type Axis, type Overrides, type Range, randomTrial, rangeText } from '../axes.ts';
import { compareStandings, type Standing } from '../score.ts';
import { ChoiceEstimate, type Estimate, NumberEstimate } from './parzen.ts';

/** A trial that has ended. */
export interface Observation extends Standing {
  readonly overrides: Overrides;
}

/** What is known when a trial is suggested. */
export interface Known {
  /** In the order in which the results were recorded. */
  readonly ended: readonly Observation[];
  /** Trials without a result. */
  readonly pending: readonly Overrides[];
}

export interface SuggestOptions {
  readonly seed: number;
  /** Results before which trials are drawn at random. */
  readonly startupTrials: number;
}

/** Separates the draws of this search from all others of a seed ("parz" in ASCII). */
const TPE_DOMAIN = 0x7061727a;
/** Values of a key among which the best is taken. */
const CANDIDATES = 24;
/** Attempts at a new trial; the later ones are random, as the search may have settled on one that was tried. */
const SEARCHES = 20;
/** The share of the trials that are good, and how many they are at most. */
const GOOD = 0.1;
const MOST_GOOD = 25;

/**
 * Suggests a trial by a tree-structured Parzen estimator. The trials that have ended are split into the good ones, which are
 * the best tenth, and the others. For each key, l is a density over the values of the good trials and g over those of the
 * others. Of 24 values drawn from l, the one with the greatest l/g is taken.
 *
 * Trials without a result count among the others, which keeps parallel workers apart (a constant liar, which always tells
 * the worst). So do failed trials. Those that were stopped early come after all others with a result, the later the better.
 *
 * The suggestion is a function of the arguments.
 *
 * @param number of the trial in the sweep
 * @param attempt 0, and more where a suggestion repeated an earlier trial
 *
 * Source: Bergstra, Bardenet, Bengio, Kégl, "Algorithms for hyper-parameter optimization", NIPS 2011; defaults as Optuna's
 * TPESampler: 10 random trials, 24 candidates, min(⌈n/10⌉, 25) good ones.
 */
export function suggest(
  axes: readonly Axis[],
  number: number,
  attempt: number,
  { ended, pending }: Known,
  { seed, startupTrials }: SuggestOptions,
): Overrides {
  // Attempts at random trials have numbers that no other trial has.
  const isRandom = ended.length < startupTrials || attempt >= SEARCHES;
  if (isRandom) return randomTrial(axes, seed, (number + attempt * 2 ** 20) >>> 0);
  const count = Math.min(Math.ceil(GOOD * ended.length), MOST_GOOD);
  const good = new Set(
    ended
      .toSorted(compareStandings)
      .slice(0, count)
      .filter(({ score }) => score > -Infinity),
  );
  const [goods, others] = [true, false].map((isGood) =>
    ended.filter((each) => good.has(each) === isGood).map(({ overrides }) => overrides),
  ) as [Overrides[], Overrides[]];
  return axes.map(({ key, values }, axis) => {
    const scale = scaleOf(values);
    const read = (trial: Overrides): number => scale.read(trial[axis]!.slice(key.length + 1));
    const l = scale.estimate(goods.map(read));
    const g = scale.estimate([...others, ...pending].map(read));
    let best = { text: '', ratio: -Infinity };
    for (let candidate = 0; candidate < CANDIDATES; candidate++) {
      const counter = attempt * CANDIDATES + candidate;
      const words = philox4x32([axis, number, counter, TPE_DOMAIN], [seed >>> 0, Math.floor(seed / 2 ** 32)]);
      const text = scale.write(l.sample((words[0] + words[1] * 2 ** -32) * 2 ** -32));
      const value = scale.read(text);
      const ratio = l.logDensity(value) - g.logDensity(value);
      if (ratio > best.ratio || best.text === '') best = { text, ratio };
    }
    return `${key}=${best.text}`;
  });
}

/** How the values of a key become numbers for an estimate, and back. */
interface Scale {
  readonly read: (text: string) => number;
  readonly write: (value: number) => string;
  readonly estimate: (values: readonly number[]) => Estimate;
}

function scaleOf(values: Axis['values']): Scale {
  if (!('kind' in values)) {
    return {
      read: (text) => values.indexOf(text),
      write: (index) => values[index]!,
      estimate: (tried) => new ChoiceEstimate(tried, values.length),
    };
  }
  const [to, from] = values.kind === 'log' ? [Math.log, Math.exp] : [identity, identity];
  const step = values.kind === 'int' ? 1 : 0;
  return {
    read: (text) => to(Number(text)),
    write: (value) => rangeText(values satisfies Range, from(value)),
    estimate: (tried) => new NumberEstimate(tried, to(values.low), to(values.high), step),
  };
}

function identity(value: number): number {
  return value;
}
