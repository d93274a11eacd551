import { isSeq } from 'yaml';
import { philox4x32 } from '../../backend/philox.ts';
import { ConfigurationError } from '../config/error.ts';
import { parseYaml } from '../files/yamlValue.ts';

/** A key that a sweep varies. */
export interface Axis {
  readonly key: string;
  /** The values to try, as on the command line, or the range to draw them from. */
  readonly values: readonly string[] | Range;
}

/** Numbers from which values are drawn. */
export interface Range {
  readonly kind: 'log' | 'uniform' | 'int';
  readonly low: number;
  readonly high: number;
}

/** The overrides of one trial, such as `optimizer.lr=0.001`, one for each axis. */
export type Overrides = readonly string[];

const MOST_TRIALS = 10_000;
/** Separates the draws of sweeps from all others of a seed ("swee" in ASCII). */
const SWEEP_DOMAIN = 0x73776565;

/**
 * Reads `key=value,value…` or, for random sweeps, `key=log(low,high)`, `key=uniform(low,high)`, `key=int(low,high)`.
 * Values are YAML; a key with one value overrides it in all trials.
 *
 * @throws ConfigurationError listing all that cannot be read
 * @example parseAxes(['optimizer.lr=1e-3,3e-4', 'model.hidden=[128],[256,128]'])
 */
export function parseAxes(texts: readonly string[]): Axis[] {
  const errors: string[] = [];
  const axes = texts.flatMap((text) => {
    const axis = parseAxis(text);
    if (typeof axis !== 'string') return [axis];
    errors.push(`sweep does not fit\n    takes  ${axis}\n    got    ${text}`);
    return [];
  });
  const keys = axes.map(({ key }) => key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined)
    errors.push(`sweep does not fit\n    takes  each key once\n    got    ${twice} twice`);
  if (texts.length === 0) errors.push('a sweep takes keys to vary, as in optimizer.lr=1e-3,3e-4');
  if (errors.length > 0) throw new ConfigurationError(errors.join('\n'));
  return axes;
}

/** The axis, or a text that says what it takes. */
function parseAxis(text: string): Axis | string {
  const equals = text.indexOf('=');
  const [key, written] = [text.slice(0, Math.max(equals, 0)), text.slice(equals + 1)];
  if (key === '') return 'key=value,value…, as in optimizer.lr=1e-3,3e-4';
  const range = /^(log|uniform|int)\(([^,()]+),([^,()]+)\)$/.exec(written);
  if (range) {
    const [kind, low, high] = [range[1] as Range['kind'], Number(range[2]), Number(range[3])];
    const fits = low < high && high - low < Infinity && low > (kind === 'log' ? 0 : -Infinity);
    if (!fits || (kind === 'int' && !(Number.isInteger(low) && Number.isInteger(high)))) {
      return `${kind}(low,high) with ${kind === 'log' ? '0 < low' : kind === 'int' ? 'whole numbers low' : 'low'} < high, and a finite high - low`;
    }
    return { key, values: { kind, low, high } };
  }
  const { document, faults } = parseYaml(`[${written}]`);
  if (faults[0]) return `YAML values after "=", with commas between; they fail with: ${faults[0].message}`;
  const { contents } = document;
  const items = isSeq(contents) ? (contents.items as readonly { range?: [number, number, number] }[]) : [];
  if (items.length === 0) return 'a value at least after "="';
  const values = items.map(({ range: [start, end] = [0, 0] }) => `[${written}]`.slice(start, end));
  return values.includes('') ? 'a value between two commas' : { key, values: [...new Set(values)] };
}

/**
 * All combinations, the last axis changing fastest.
 *
 * @throws ConfigurationError where an axis is a range, or the combinations are too many
 */
export function gridTrials(axes: readonly Axis[]): Overrides[] {
  return axes.reduce<Overrides[]>(
    (trials, { key, values }) => {
      if ('kind' in values) {
        throw new ConfigurationError(
          `${key}=${values.kind}(…) is drawn from at random: say how often, with --random N`,
        );
      }
      if (trials.length * values.length > MOST_TRIALS) {
        throw new ConfigurationError(`a sweep takes ${MOST_TRIALS} trials at most; try --random N`);
      }
      return trials.flatMap((trial) => values.map((value) => [...trial, `${key}=${value}`]));
    },
    [[]],
  );
}

/** A trial of a random sweep: a function of the seed and the trial's number. */
export function randomTrial(axes: readonly Axis[], seed: number, trial: number): Overrides {
  return axes.map(({ key, values }, axis) => {
    const word = philox4x32([axis, trial, 0, SWEEP_DOMAIN], [seed >>> 0, Math.floor(seed / 2 ** 32)])[0];
    return `${key}=${draw(values, word * 2 ** -32)}`;
  });
}

/** One combination of many: first values, and the middle of ranges. */
export function exampleTrial(axes: readonly Axis[]): Overrides {
  return axes.map(({ key, values }) => `${key}=${draw(values, 'kind' in values ? 0.5 : 0)}`);
}

/** The keys with more than one value. */
export function variedAxes(axes: readonly Axis[]): string[] {
  return axes.filter(({ values }) => 'kind' in values || values.length > 1).map(({ key }) => key);
}

/** @param share from 0 to 1, without 1 */
function draw(values: Axis['values'], share: number): string {
  if (!('kind' in values)) return values[Math.floor(share * values.length)]!;
  const { kind, low, high } = values;
  if (kind === 'int') return String(low + Math.floor(share * (high - low + 1)));
  const value =
    kind === 'log'
      ? Math.exp(Math.log(low) + share * (Math.log(high) - Math.log(low)))
      : low + share * (high - low);
  return rangeText(values, value);
}

/** A value of a range as an override writes it: whole numbers rounded, others with four digits that differ in the range. */
export function rangeText({ kind, low, high }: Range, value: number): string {
  // Few digits: for readability, and because the last bits of exp and log differ between engines. The ends of a narrow
  // range, such as 0.999 and 0.9999, have the first ones in common.
  const [, common] = (Math.max(Math.abs(low), Math.abs(high)) / (high - low)).toExponential().split('e');
  const digits = Math.min(15, 4 + Math.max(0, Number(common)));
  const rounded = kind === 'int' ? Math.round(value) : Number(value.toPrecision(digits));
  return String(Math.min(high, Math.max(low, rounded)));
}
