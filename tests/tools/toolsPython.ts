import { execFile, execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { skipMissing } from './missing.ts';

/** Prints the versions of packages; fails where one is missing. */
const VERSIONS = `
import importlib.metadata, sys
print(', '.join(f'{name} {importlib.metadata.version(name)}' for name in sys.argv[1:]))`;

/**
 * A Python that has packages of requirements.txt: that of WGRAD_TOOLS_PYTHON, or the first on the path. The log gets their
 * versions. Without them the test is skipped.
 */
export function toolsPython(context: TestContext, ...packages: readonly [string, ...string[]]): string {
  for (const candidate of [process.env['WGRAD_TOOLS_PYTHON'], 'python3']) {
    if (candidate === undefined) continue;
    try {
      const found = execFileSync(candidate, ['-c', VERSIONS, ...packages], {
        encoding: 'utf8',
        stdio: 'pipe',
        timeout: 60_000,
      });
      console.log(`with ${found.trimEnd()}`);
      return candidate;
    } catch {
      // The next one may have them.
    }
  }
  return skipMissing(
    context,
    `no Python with ${packages.join(', ')} here: pip install -r tests/tools/requirements.txt, and name it in WGRAD_TOOLS_PYTHON`,
  );
}

/** The program of a package, beside its Python. */
export function programOf(python: string, name: string): string {
  return python.includes('/') ? join(dirname(python), name) : name;
}

/** Runs a script of this folder, and gives what it prints, which is JSON. */
export async function runScript(python: string, name: string, ...args: readonly string[]): Promise<unknown> {
  const options = { encoding: 'utf8', timeout: 100_000, maxBuffer: 2 ** 24 } as const;
  const { stdout } = await promisify(execFile)(python, [join('tests/tools', name), ...args], options);
  return JSON.parse(stdout);
}
