import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import createIgnore from 'ignore';
import { isAbsent } from '../dataFile.ts';
import { DataError } from '../errors.ts';

/** Whether DVC ignores the file or folder at `relpath` of a directory. */
export type IgnoreRules = (relpath: string, isFolder: boolean) => boolean;

/** The nearest folder at or above `path` that is a DVC project (holds `.dvc/`); undefined outside of one. */
export function findProject(path: string): string | undefined {
  for (let at = resolve(path); ; at = dirname(at)) {
    if (existsSync(join(at, '.dvc', 'config'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

/**
 * The rules of the project's `.dvcignore` (the syntax of `.gitignore`) for the contents of `folder`. Outside a project,
 * only DVC's and git's own folders are ignored.
 *
 * @throws DataError for a second `.dvcignore`, below the project's own
 */
export async function readIgnoreRules(folder: string): Promise<IgnoreRules> {
  const rules = createIgnore({ ignorecase: false }).add(['.git', '.hg/', '.dvc/']);
  const project = findProject(folder);
  const names = project === undefined ? [] : relative(project, resolve(folder)).split(sep).filter(Boolean);
  if (project !== undefined) {
    rules.add(await readRules(join(project, '.dvcignore')));
    names.slice(1).forEach((_, index) => refuseNested(join(project, ...names.slice(0, index + 1))));
  }
  const prefix = names.map((name) => `${name}/`).join('');
  return (relpath, isFolder) => {
    if (basename(relpath) === '.dvcignore') refuseNested(dirname(join(folder, relpath)));
    return rules.ignores(`${prefix}${relpath}${isFolder ? '/' : ''}`);
  };
}

async function readRules(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw new DataError(`${path}: cannot be read`, { got: (error as Error).message }, error);
  }
}

function refuseNested(folder: string): void {
  const path = join(folder, '.dvcignore');
  if (!existsSync(path)) return;
  throw new DataError(`${path}: not allowed here`, {
    expected: 'one .dvcignore, beside .dvc/',
    fix: 'move its rules there',
  });
}
