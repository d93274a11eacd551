/**
 * How numbers that JSON lacks are written in a run's files: as the strings "NaN", "Infinity" and "-Infinity".
 * (`JSON.stringify` alone would write null, and a diverged loss would look like a missing one.)
 */
export type NonFiniteName = 'NaN' | 'Infinity' | '-Infinity';

/** A replacer for `JSON.stringify`. */
export function explicitNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
