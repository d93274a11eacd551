import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command, flag } from '../src/pipeline/cli/command.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';

/** The repository's folder. */
export const root: string = fileURLToPath(new URL('..', import.meta.url));

/** A generated file of the repository: its path from the root, and its contents. */
export type GeneratedFile = readonly [path: string, contents: string | Uint8Array];

/**
 * Runs a script that makes files of the repository from others. With `--check` it compares instead of writing, and fails
 * if a file is out of date.
 *
 * @param script its name in package.json
 * @param sources the files that it reads
 * @param files makes the files; to compare them, it may leave out what others prove
 */
export async function runGenerator(
  script: string,
  {
    about,
    sources,
    files,
  }: { about: string; sources: string; files: (check: boolean) => readonly GeneratedFile[] },
): Promise<void> {
  const generator = command({
    about,
    options: { check: flag('write nothing; fail if a file is out of date') },
    exitCodes: { 1: 'failed, or a file is out of date' },
    run: ({ check }) => {
      const stale = files(check).filter(([path, contents]) => {
        if (check) return !readFileSync(join(root, path)).equals(Buffer.from(contents));
        writeFileSync(join(root, path), contents);
        return false;
      });
      for (const [path] of stale) {
        process.stderr.write(`${path} is out of date with ${sources}: run \`npm run ${script}\`\n`);
      }
      return Promise.resolve(stale.length > 0 ? 1 : 0);
    },
  });
  await runCommand(`npm run ${script} --`, generator);
}
