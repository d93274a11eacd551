import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DataError } from '../errors.ts';
import { storeObjects } from './cache.ts';
import { hashDirectory } from './hash.ts';
import { type LockedStage, readLock, writeLock } from './lockFile.ts';
import { readPipeline, type Stage } from './pipeline.ts';
import { describePath, findPointer, pointerPath, sameVersion, writePointer } from './pointer.ts';
import { StageVersions, staleStages } from './stages.ts';

const PIPELINE = 'dvc.yaml';
const LOCK = 'dvc.lock';

export interface LockOptions {
  /** The folder of `dvc.yaml` and `dvc.lock`; default: the working directory. */
  readonly project?: string | undefined;
  /** The folder of the run that stands for `runs/latest`. */
  readonly run?: string | undefined;
  /** Why a stage did not make what lies at its outputs; none where it did. */
  readonly problems: (stage: Stage) => Promise<readonly string[]>;
}

export interface Locked {
  /** One for each record. */
  readonly lines: readonly string[];
  /** The stages that did not make what lies at their outputs, with the reasons. Their records are not changed. */
  readonly refused: readonly string[];
}

/**
 * Records the present versions: writes the pointer files of `root` and of the prepared data sets beside it
 * (`processed/*`), copies their files into the cache, and writes `dvc.lock`. Records of missing data, of stages with
 * missing files, and of stages that did not make their files, are not changed. Where no stage reads `root`, `dvc.lock` stays.
 *
 * @throws DataError when a file cannot be hashed, or an existing record is damaged
 * @throws FileError when a record cannot be written
 */
export async function lockProject(
  root: string,
  { project = '.', run, problems }: LockOptions,
): Promise<Locked> {
  const [pipelineFile, lockFile] = [join(project, PIPELINE), join(project, LOCK)];
  const lines: string[] = [];
  const refused: string[] = [];
  for (const path of await versionedPaths(root)) {
    if (!existsSync(path) && (await findPointer(path)) === undefined) {
      throw new DataError(`${path}: nothing to record: neither the folder nor its pointer file is there`);
    }
    if (!existsSync(path)) {
      lines.push(`${pointerPath(path)}: left as it is, as ${path} is not there`);
      continue;
    }
    const pointer = await writePointer(path);
    if (pointer.nfiles !== undefined) await storeObjects(path, await hashDirectory(path));
    lines.push(`${pointerPath(path)}: ${pointer.md5}`);
  }
  if (!existsSync(pipelineFile)) return { lines, refused };
  const stages = { ...(await readLock(lockFile)) };
  const pipeline = await readPipeline(pipelineFile);
  if (!isRead(root, [...pipeline, ...Object.values(stages)], project)) return { lines, refused };
  const versions = new StageVersions(project, run);
  const unproven = new Set<string>();
  for (const stage of pipeline) {
    const { locked, missing } = await versions.lock(stage);
    if (!locked) {
      lines.push(`${LOCK}: ${stage.name}: left as it is, as ${missing.join(', ')} is not there`);
      continue;
    }
    const reasons = [
      ...(await problems(stage)),
      ...stage.deps.filter((path) => unproven.has(path)).map((path) => `${path} is not certain either`),
    ];
    if (reasons.length === 0) {
      stages[stage.name] = locked;
      lines.push(`${LOCK}: ${stage.name}: recorded`);
    } else {
      for (const out of stage.outs) unproven.add(out);
      refused.push(...reasons.map((reason) => `${LOCK}: ${stage.name}: left as it is: ${reason}`));
    }
  }
  const names = new Set(pipeline.map(({ name }) => name));
  await writeLock(lockFile, Object.fromEntries(Object.entries(stages).filter(([name]) => names.has(name))));
  return { lines, refused };
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
  const [pipeline, locked] = [await readPipeline(pipelineFile), await readLock(lockFile)];
  if (!isRead(root, [...pipeline, ...Object.values(locked)], project)) return lines;
  return [...lines, ...(await staleStages(pipeline, locked, project))];
}

/** Whether a stage or its record reads a folder of data. */
function isRead(root: string, stages: readonly (Stage | LockedStage)[], project: string): boolean {
  const deps = stages.flatMap(({ deps = [] }) =>
    deps.map((dep) => (typeof dep === 'string' ? dep : dep.path)),
  );
  return deps.some((path) => resolve(project, path) === resolve(root));
}

/** The raw data, and every prepared data set that has a pointer file. */
async function versionedPaths(root: string): Promise<string[]> {
  const processed = join(dirname(root), 'processed');
  const names = await readdir(processed).catch(() => []);
  const pointers = names.filter((name) => name.endsWith('.dvc')).sort();
  return [root, ...pointers.map((name) => join(processed, name.slice(0, -'.dvc'.length)))];
}
