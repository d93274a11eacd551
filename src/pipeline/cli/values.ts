import { valueText } from '../text/valueText.ts';
import { nearestName, UsageError } from '../text/didYouMean.ts';

/** More names than these are not listed where the wanted one is known. */
const FEW = 20;

/** How the text of an option is read. */
export interface Value<T> {
  /** What it takes, in words: `a whole number from 1 up`. */
  readonly takes: string;
  /** The value; undefined where the text does not fit. */
  readonly read: (text: string) => T | undefined;
  /** All names that it takes, for `Did you mean`. */
  readonly names?: readonly string[];
}

/** Any text: a name, a file or a folder. */
export const text: Value<string> = { takes: 'a text', read: (text) => text };

/** One value or several, separated by commas. */
export function several<T>(value: Value<T>): Value<T[]> {
  return {
    takes: `${value.takes}; several are separated by commas`,
    read: (text) => {
      const words = text.split(',').map((word) => word.trim());
      const values = words.map((word) => (word === '' ? undefined : value.read(word)));
      return values.includes(undefined) ? undefined : (values as T[]);
    },
  };
}

/** A whole number in decimal digits, bounds included. */
export function wholeNumber(from: number = 1, to: number = Number.MAX_SAFE_INTEGER): Value<number> {
  const range = to === Number.MAX_SAFE_INTEGER ? `${from} up` : `${from} to ${to}`;
  return {
    takes: `a whole number from ${range}`,
    read: (text) => {
      const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
      return value >= from && value <= to ? value : undefined;
    },
  };
}

/** A TCP port; 0 stands for any free one. */
export const port: Value<number> = wholeNumber(0, 65_535);

/** A duration in milliseconds, as timers take it. */
export function milliseconds(from: number = 0, to: number = 2 ** 31 - 1): Value<number> {
  const whole = wholeNumber(from, to);
  return { ...whole, takes: `${whole.takes}, in milliseconds` };
}

/** One of a few names. */
export function oneOf<N extends string>(names: readonly N[]): Value<N> {
  return {
    takes: listed(names, 'or'),
    read: (text) => names.find((name) => name === text),
    names,
  };
}

/** Names separated by commas. */
export function listOf<N extends string>(names: readonly N[]): Value<N[]> {
  return {
    takes: `${listed(names, 'and')}, separated by commas`,
    read: (text) => {
      const wanted = text.split(',').map((each) => names.find((name) => name === each.trim()));
      return wanted.includes(undefined) ? undefined : (wanted as N[]);
    },
    names,
  };
}

/**
 * The value of an option.
 *
 * @throws UsageError where the text does not fit, saying what the option takes
 */
export function readValue<T>(option: string, { takes, read, names = [] }: Value<T>, text: string): T {
  const value = read(text);
  if (value !== undefined) return value;
  const wrong = text.split(',').find((each) => !names.includes(each.trim())) ?? text;
  const near = nearestName(wrong, names);
  const got = `got ${valueText(text)}`;
  if (near === undefined) throw new UsageError(`${option} takes ${takes}; ${got}`);
  const what = names.length > FEW ? `one of ${names.length} names` : takes;
  throw new UsageError(`${option} takes ${what}; ${got}. Did you mean ${near}?`);
}

function listed(names: readonly string[], word: string): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)!}`;
}
