/** Compares stages of `dvc.yaml` with their records in `dvc.lock`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { valueAt } from '../../config/error.ts';
import { DataError } from '../errors.ts';
import type { Version } from './hash.ts';
import type { LockedPath, LockedStage, LockedStages } from './lockFile.ts';
import type { Stage } from './pipeline.ts';
import { describePath, findPointer, sameVersion } from './pointer.ts';
import { readYaml } from './yaml.ts';

/** Where stages find the files of a run. */
const LATEST = 'runs/latest/';

/** The present versions of the paths of stages; each path is hashed once. */
export class StageVersions {
  readonly #place: (path: string) => string;
  readonly #versions = new Map<string, Promise<LockedPath | undefined>>();

  readonly #project: string;

  /**
   * @param project the folder of `dvc.yaml`, to which the stages' paths are relative
   * @param latest the folder of the run that stands for `runs/latest`; default: the one to which it leads
   */
  constructor(project: string, latest?: string) {
    this.#project = project;
    this.#place = (path) =>
      latest !== undefined && path.startsWith(LATEST)
        ? join(latest, path.slice(LATEST.length))
        : join(project, path);
  }

  /**
   * The record of a stage as it is now; undefined where paths are missing.
   *
   * @throws DataError when a parameter is missing
   */
  async lock(stage: Stage): Promise<{ locked?: LockedStage; missing: string[] }> {
    const paths = [...stage.deps, ...stage.outs];
    const versions = await Promise.all(paths.map((path) => this.of(path)));
    const missing = paths.filter((_, index) => versions[index] === undefined);
    if (missing.length > 0) return { missing };
    const present = versions as LockedPath[];
    const locked = {
      cmd: stage.cmd,
      ...(stage.deps.length > 0 && { deps: present.slice(0, stage.deps.length) }),
      ...(stage.params.size > 0 && { params: await readParams(stage, this.#project) }),
      ...(stage.outs.length > 0 && { outs: present.slice(stage.deps.length) }),
    };
    return { locked, missing };
  }

  /** The version of what lies at `path`; undefined where there is nothing. */
  of(path: string): Promise<LockedPath | undefined> {
    const known = this.#versions.get(path) ?? this.#read(path);
    this.#versions.set(path, known);
    return known;
  }

  async #read(path: string): Promise<LockedPath | undefined> {
    const place = this.#place(path);
    return existsSync(place) ? lockedPath(path, await describePath(place)) : undefined;
  }
}

/**
 * The differences between stages and their records, one line each, naming the stage and what changed.
 *
 * An input of a stage is compared with the present file; where that is absent (in a fresh clone), with the version that
 * its pointer file or the stage that writes it recorded. An output is compared where it is present.
 */
export async function staleStages(
  stages: readonly Stage[],
  locked: LockedStages,
  project: string,
): Promise<string[]> {
  const written = Object.values(locked).flatMap(({ outs = [] }) => outs);
  const versions = new StageVersions(project);
  const versionOf = async (path: string): Promise<Version | undefined> =>
    (await versions.of(path)) ??
    (await findPointer(join(project, path))) ??
    written.find((out) => out.path === path);
  const lines: string[] = [];
  for (const stage of stages) {
    const { name, cmd, deps, outs } = stage;
    const record = locked[name];
    const changes = record
      ? [
          ...(record.cmd === cmd ? [] : [`cmd: recorded ${record.cmd}, now ${cmd}`]),
          ...(await changedPaths('dep', deps, record.deps, versionOf)),
          ...(await changedPaths('out', outs, record.outs, (path) => versions.of(path))),
          ...changedParams(record.params ?? {}, await readParams(stage, project)),
        ]
      : ['not recorded'];
    lines.push(...changes.map((change) => `${name}: ${change}`));
  }
  const names = new Set(stages.map(({ name }) => name));
  const gone = Object.keys(locked).filter((name) => !names.has(name));
  return [...lines, ...gone.map((name) => `${name}: no longer in dvc.yaml`)];
}

async function changedPaths(
  kind: 'dep' | 'out',
  paths: readonly string[],
  recorded: readonly LockedPath[] = [],
  versionOf: (path: string) => Promise<Version | undefined>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const path of paths) {
    const before = recorded.find((entry) => entry.path === path);
    const now = await versionOf(path);
    if (before === undefined) lines.push(`${kind} ${path}: not recorded`);
    else if (now !== undefined && !sameVersion(before, now)) {
      lines.push(`${kind} ${path}: recorded ${versionText(before)}, now ${versionText(now)}`);
    } else if (now === undefined && kind === 'dep') lines.push(`dep ${path}: of unknown version`);
  }
  for (const { path } of recorded) {
    if (!paths.includes(path)) lines.push(`${kind} ${path}: recorded, but no longer in dvc.yaml`);
  }
  return lines;
}

function versionText({ md5, size, nfiles }: Version): string {
  return `${md5} (${size} bytes${nfiles === undefined ? '' : `, ${nfiles} files`})`;
}

/** Parameter file → key → value. */
type Params = NonNullable<LockedStage['params']>;

function changedParams(before: Params, now: Params): string[] {
  const [old, present] = [before, now].map((params) => {
    const entries = Object.entries(params).flatMap(([file, values]) =>
      Object.entries(values).map(([key, value]) => [`${file} ${key}`, value] as const),
    );
    return new Map(entries);
  }) as [Map<string, unknown>, Map<string, unknown>];
  return [...new Set([...old.keys(), ...present.keys()])]
    .filter((key) => !isDeepStrictEqual(old.get(key), present.get(key)))
    .map(
      (key) =>
        `param ${key}: recorded ${JSON.stringify(old.get(key))}, now ${JSON.stringify(present.get(key))}`,
    );
}

async function readParams(stage: Stage, project: string): Promise<Params> {
  const params: Record<string, Record<string, unknown>> = {};
  for (const [file, keys] of stage.params) {
    const values = await readYaml(join(project, file), z.record(z.string(), z.unknown()));
    params[file] = Object.fromEntries(keys.map((key) => [key, paramOf(values, key, file)]));
  }
  return params;
}

function paramOf(values: unknown, key: string, file: string): unknown {
  const value = valueAt(values, key.split('.'));
  if (value !== undefined) return value;
  throw new DataError(`${file}: no parameter ${key}`, {
    fix: 'correct the key in dvc.yaml, or add it here',
  });
}

function lockedPath(path: string, { md5, size, nfiles }: Version): LockedPath {
  return { path, hash: 'md5', md5, size, ...(nfiles !== undefined && { nfiles }) };
}
