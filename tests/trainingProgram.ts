import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';

/** training.ts as JavaScript. */
export function trainingProgram(): string {
  const text = readFileSync(new URL('training.ts', import.meta.url), 'utf8');
  return transformSync(text, { loader: 'ts', format: 'esm' }).code;
}
