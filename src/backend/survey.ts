import { Live } from './live.ts';

/** A launch as its caller asked for it, or a number that becomes a tensor. */
export interface Noted {
  readonly what: string;
  readonly params: object;
  readonly variant: object;
}

let current: Noted[] | undefined;

/** Runs `body` and lists its launches in `into`. */
export function surveyed<T>(into: Noted[] | undefined, body: () => T): T {
  const outer = current;
  current = into;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** Runs `body` without listing its launches: they are not those of the step. */
export function unsurveyed<T>(body: () => T): T {
  return surveyed(undefined, body);
}

/** Lists a launch. */
export function noteLaunch(what: string, params: object, variant: object): void {
  current?.push({ what, params, variant });
}

const NONE = {};

/** Lists a number that becomes a tensor. */
export function noteNumber(dtype: string, number: number | string): void {
  current?.push({ what: `${dtype} ${number}`, params: NONE, variant: NONE });
}

/**
 * Whether two runs of a step make the same launches with the same numbers, other than live ones. If not, the step uses a
 * host value that changes.
 *
 * @param recorded the later run, with its live numbers as such
 */
export function sameLaunches(before: readonly Noted[], recorded: readonly Noted[]): boolean {
  return (
    before.length === recorded.length &&
    recorded.every(({ what, params, variant }, index) => {
      const other = before[index]!;
      return what === other.what && sameNumbers(other.params, params) && sameNumbers(other.variant, variant);
    })
  );
}

function sameNumbers(before: object, recorded: object): boolean {
  return Object.entries(recorded).every(([name, value]) => {
    const other = (before as Record<string, unknown>)[name];
    if (value instanceof Live || Object.is(value, other)) return true;
    return (
      Array.isArray(value) &&
      Array.isArray(other) &&
      value.every((each, index) => Object.is(each, other[index]))
    );
  });
}
