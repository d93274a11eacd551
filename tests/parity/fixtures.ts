import { readFileSync } from 'node:fs';

/** A file of tests/fixtures. Other runtimes than Node get these files embedded: see tests/runtimes/bundle.ts. */
export function loadFixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'));
}
