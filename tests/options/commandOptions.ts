import { resolve } from 'node:path';
import { vi } from 'vitest';
import { type Command, type CommandGroup } from '../../src/pipeline/cli/command.ts';
import { isGroup } from '../../src/pipeline/cli/parse.ts';

const RUNNER = '../../src/pipeline/cli/run.ts';
let reads = 0;

/** The options of a command's source file, by command: `''` where the file holds one command only. */
export async function declaredOptions(name: string): Promise<Record<string, string[]>> {
  let found: Command | CommandGroup | undefined;
  vi.doMock(RUNNER, () => ({
    runCommand: (_program: string, description: Command | CommandGroup) => {
      found = description;
      return Promise.resolve();
    },
  }));
  try {
    const address = `${resolve(`src/${name}.ts`)}?declared=${reads++}`;
    await import(address);
  } finally {
    vi.doUnmock(RUNNER);
  }
  const commands = isGroup(found!) ? found.commands : { '': found! };
  return Object.fromEntries(
    Object.entries(commands).map(([command, { options = {} }]) => [command, Object.keys(options)]),
  );
}

/** The values in which two records differ, by path: `{ 'model.delay': 5 }`. */
export function changes(before: object, after: object): Record<string, unknown> {
  const [old, now] = [leaves(before), leaves(after)];
  return Object.fromEntries(
    [...new Set([...old.keys(), ...now.keys()])]
      .filter((path) => JSON.stringify(old.get(path)) !== JSON.stringify(now.get(path)))
      .map((path) => [path, now.get(path)]),
  );
}

function leaves(value: object, prefix = ''): Map<string, unknown> {
  return new Map(
    Object.entries(value).flatMap(([key, each]: [string, unknown]) =>
      typeof each === 'object' && each !== null && !Array.isArray(each)
        ? [...leaves(each, `${prefix}${key}.`)]
        : [[`${prefix}${key}`, each] as const],
    ),
  );
}
