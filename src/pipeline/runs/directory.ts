import { mkdir, readFile, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { isFolder, makeFolders } from '../files/folders.ts';
import { temporaryName, writeFileAtomic } from '../files/atomicFile.ts';
import { FileError, writeError } from '../files/fileError.ts';

/** The folder of one run: its configuration, environment, metrics, summary and checkpoints. */
export interface RunDirectory {
  /** `20261124-134455-mlp`: when it started (UTC) and the experiment's name. */
  readonly id: string;
  readonly path: string;
  readonly checkpoints: string;
}

/**
 * Makes `<root>/<id>/` with `checkpoints/` inside, and points `<root>/latest` to it. Further runs of the same name and
 * second get `-2`, `-3` and so on, also across processes.
 *
 * @throws FileError where the folders cannot be made.
 * @example const run = await createRunDirectory('runs', 'mlp')   // runs/20261124-134455-mlp
 */
export async function createRunDirectory(
  root: string,
  name: string,
  now: Date = new Date(),
): Promise<RunDirectory> {
  const stamp = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const stem = `${stamp}-${name.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}`;
  makeFolders(root);
  const id = await claim(root, stem);
  const path = join(root, id);
  const checkpoints = join(path, 'checkpoints');
  makeFolders(checkpoints);
  await pointLatest(root, id);
  return { id, path, checkpoints };
}

/**
 * The folder of the run that `reference` names: `latest`, a run's id, or a path.
 *
 * @throws FileError where there is no such run; the message names the nearest ids.
 */
export async function resolveRun(root: string, reference: string): Promise<string> {
  const id = reference === 'latest' ? await latestId(root) : reference;
  for (const path of [join(root, id), resolve(id)]) {
    if (id !== '' && (await isFolder(path))) return path;
  }
  const runs = (await readdir(root).catch(() => [])).filter(isRunId);
  const near = runs.sort((a, b) => distance(a, reference) - distance(b, reference)).slice(0, 3);
  const hint = near.length > 0 ? `the nearest are ${near.join(', ')}` : `${root} holds no runs`;
  throw new FileError(join(root, reference), `there is no such run; ${hint}`);
}

/** Whether a folder is named as a run's, `20261124-134455-mlp`, or as a sweep's trial, `mlp-d5c1a1dddddcca6c`. */
export function isRunId(name: string): boolean {
  return /^(\d{8}-\d{6}-[A-Za-z0-9._-]+|[A-Za-z0-9][A-Za-z0-9._-]*-[0-9a-f]{16})$/.test(name);
}

/** Makes a folder that did not exist. `mkdir` is atomic, so two processes never share one. */
async function claim(root: string, stem: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const id = attempt === 1 ? stem : `${stem}-${attempt}`;
    try {
      await mkdir(join(root, id));
      return id;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeError(join(root, id), error);
    }
  }
}

/** Points `<root>/latest` to a run. */
export async function pointLatest(root: string, id: string): Promise<void> {
  const latest = join(root, 'latest');
  const temporary = temporaryName(latest);
  try {
    await symlink(id, temporary, 'dir');
  } catch {
    // No symbolic links here (Windows without the privilege, FAT): a file holds the name.
    await writeFileAtomic(latest, `${id}\n`);
    return;
  }
  try {
    await rename(temporary, latest);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeError(latest, error);
  }
}

/** What `latest` points to now: a run that starts later changes the link. */
async function latestId(root: string): Promise<string> {
  const latest = join(root, 'latest');
  const target = await readlink(latest)
    .catch(() => readFile(latest, 'utf8'))
    .catch(() => 'latest');
  return target.trim();
}
