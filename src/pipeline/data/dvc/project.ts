import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { storeObjects } from './cache.ts';
import { hashDirectory } from './hash.ts';
import { readLock, writeLock } from './lockFile.ts';
import { readPipeline } from './pipeline.ts';
import { describePath, findPointer, pointerPath, sameVersion, writePointer } from './pointer.ts';
import { StageVersions, staleStages } from './stages.ts';

const PIPELINE = 'dvc.yaml';
const LOCK = 'dvc.lock';

/**
 * Records the present versions: writes the pointer files of `root` and of the prepared data sets beside it
 * (`processed/*`), copies their files into the cache, and writes `dvc.lock`. Records of missing data, and of stages with
 * missing files, are not changed.
 *
 * @param project the folder of `dvc.yaml` and `dvc.lock`
 * @returns one line for each record
 * @throws DataError when a file cannot be hashed, or an existing record is damaged
 * @throws FileError when a record cannot be written
 */
export async function lockProject(root: string, project = '.'): Promise<string[]> {
  const [pipelineFile, lockFile] = [join(project, PIPELINE), join(project, LOCK)];
  const lines: string[] = [];
  for (const path of await versionedPaths(root)) {
    if (!existsSync(path)) {
      lines.push(`${pointerPath(path)}: left as it is, as ${path} is not there`);
      continue;
    }
    const pointer = await writePointer(path);
    if (pointer.nfiles !== undefined) await storeObjects(path, await hashDirectory(path));
    lines.push(`${pointerPath(path)}: ${pointer.md5}`);
  }
  if (!existsSync(pipelineFile)) return lines;
  const stages = { ...(await readLock(lockFile)) };
  const pipeline = await readPipeline(pipelineFile);
  const versions = new StageVersions(project);
  for (const stage of pipeline) {
    const { locked, missing } = await versions.lock(stage);
    if (locked) stages[stage.name] = locked;
    const outcome = locked ? 'recorded' : `left as it is, as ${missing.join(', ')} is not there`;
    lines.push(`${LOCK}: ${stage.name}: ${outcome}`);
  }
  const names = new Set(pipeline.map(({ name }) => name));
  await writeLock(lockFile, Object.fromEntries(Object.entries(stages).filter(([name]) => names.has(name))));
  return lines;
}

/**
 * The differences between the records (pointer files and `dvc.lock`) and the present files, one line each.
 *
 * @throws DataError when a file cannot be hashed, or a record is damaged
 */
export async function staleRecords(root: string, project = '.'): Promise<string[]> {
  const [pipelineFile, lockFile] = [join(project, PIPELINE), join(project, LOCK)];
  const lines: string[] = [];
  for (const path of await versionedPaths(root)) {
    const pointer = await findPointer(path);
    if (pointer === undefined) {
      lines.push(`${pointerPath(path)}: not there`);
    } else if (existsSync(path)) {
      const present = await describePath(path);
      if (!sameVersion(pointer, present)) {
        lines.push(`${pointerPath(path)}: recorded ${pointer.md5}, now ${present.md5}`);
      }
    }
  }
  if (!existsSync(pipelineFile)) return lines;
  return [
    ...lines,
    ...(await staleStages(await readPipeline(pipelineFile), await readLock(lockFile), project)),
  ];
}

/** The raw data, and every prepared data set that has a pointer file. */
async function versionedPaths(root: string): Promise<string[]> {
  const processed = join(dirname(root), 'processed');
  const names = await readdir(processed).catch(() => []);
  const pointers = names.filter((name) => name.endsWith('.dvc')).sort();
  return [root, ...pointers.map((name) => join(processed, name.slice(0, -'.dvc'.length)))];
}
