/**
 * A replacer for `JSON.stringify` that writes the numbers JSON lacks as the strings "NaN", "Infinity" and
 * "-Infinity". (Left alone it writes null, and a diverged loss would look like a missing one.)
 */
export function explicitNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
