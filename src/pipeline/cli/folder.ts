import { existsSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProject } from '../data/dvc/ignore.ts';
import type { Value } from './values.ts';

/** The folder in which the command was called, where it is not the project's. */
let calledFrom: string | undefined;

/**
 * Makes the project's folder the working directory, so that commands find `runs`, `models`, `configs` and `data` wherever
 * they are called: the nearest folder with `.dvc`, or else the one that holds this code. `typedPath` reads the paths of the
 * command line, which stay relative to the folder of the call.
 */
export function enterProject(): void {
  const here = process.cwd();
  const project = findProject(here) ?? resolve(fileURLToPath(new URL('../../../', import.meta.url)));
  calledFrom = project === here ? undefined : here;
  if (calledFrom !== undefined) process.chdir(project);
}

/** A path of the command line, for use in the project's folder. */
export function typedPath(text: string): string {
  if (calledFrom === undefined || isAbsolute(text)) return text;
  return relative('', resolve(calledFrom, text)) || '.';
}

/** A file or a folder. */
export const path: Value<string> = { takes: 'a path', read: typedPath };

/** A name (`latest`, `mlp@champion`), or the path of a folder. */
export const nameOrPath: Value<string> = {
  takes: 'a name or a folder',
  read: (text) => (calledFrom !== undefined && existsSync(typedPath(text)) ? typedPath(text) : text),
};
