/** What a series of times came to. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
}

/** The middle value; between two middle ones, their mean. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return sorted.length === 0 ? NaN : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarise(values: readonly number[]): Summary {
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    samples: values.length,
  };
}

/**
 * How often to call something that takes `milliseconds` so that one sample lasts about `target`: the clock's steps and
 * the way to the worker and back shall not show.
 */
export function callsFor(milliseconds: number, target: number): number {
  return Math.min(2000, Math.max(1, Math.round(target / Math.max(milliseconds, 1e-3))));
}
