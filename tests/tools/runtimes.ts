import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { TestContext } from 'vitest';
import { skipMissing } from './missing.ts';

/** Deno or Bun: the one that an environment variable names, the one of tests/tools/runtimes, or the system's. */
export function runtimeOrSkip(context: TestContext, name: 'deno' | 'bun'): string {
  const variable = `WGRAD_${name.toUpperCase()}`;
  const candidates = [process.env[variable] ?? resolve('tests/tools/runtimes/node_modules/.bin', name), name];
  const found = candidates.find((candidate) => {
    try {
      execFileSync(candidate, ['--version'], { stdio: 'pipe', timeout: 60_000 });
      return true;
    } catch {
      return false;
    }
  });
  return (
    found ??
    skipMissing(
      context,
      `no ${name} here: npm --prefix tests/tools/runtimes ci installs it, or set ${variable}`,
    )
  );
}
