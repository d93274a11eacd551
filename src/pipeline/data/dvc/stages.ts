/** Records what stages read and write, and finds records that are not true any more. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { z } from 'zod';

import { DataError } from '../errors.ts';
import { type LockedPath, type LockedStage, type LockedStages } from './lockFile.ts';
import { type Stage } from './pipeline.ts';
import { describePath, findPointer, type Pointer } from './pointer.ts';
import { readYaml } from './yaml.ts';

/** Records stages from the files that are there, hashing each path once. */
export class StageRecorder {
  readonly project: string;
  readonly #hashes = new Map<string, Promise<LockedPath | undefined>>();

  /** @param project the folder of `dvc.yaml`, from which the stages' paths go */
  constructor(project: string) {
    this.project = project;
  }

  /**
   * What is to be recorded of a stage at present.
   *
   * @returns the record, or the paths that are missing for it
   * @throws DataError when a parameter is missing
   */
  async record(stage: Stage): Promise<{ locked: LockedStage } | { missing: string[] }> {
    const deps = await Promise.all(stage.deps.map((path) => this.hash(path)));
    const outs = await Promise.all(stage.outs.map((path) => this.hash(path)));
    const missing = [...stage.deps, ...stage.outs].filter(
      (_, index) => [...deps, ...outs][index] === undefined,
    );
    if (missing.length > 0) return { missing };
    const params = await readParams(stage, this.project);
    const parts = {
      deps: deps as LockedPath[],
      ...(stage.params.size > 0 ? { params } : {}),
      outs: outs as LockedPath[],
    };
    const filled = Object.entries(parts).filter(([, part]) => !Array.isArray(part) || part.length > 0);
    return { locked: { cmd: stage.cmd, ...Object.fromEntries(filled) } };
  }

  /** The version of what lies at `path`; undefined where nothing does. */
  hash(path: string): Promise<LockedPath | undefined> {
    const known = this.#hashes.get(path) ?? hashIfThere(this.project, path);
    this.#hashes.set(path, known);
    return known;
  }
}

/**
 * In which ways the record of the stages is not true any more, a line each, naming the stage and what changed.
 *
 * What a stage reads is compared with the file that is there; where it is absent (on a fresh clone), with the
 * version that its pointer file or the stage that writes it recorded. What a stage writes is compared where it is
 * there.
 */
export async function staleStages(
  stages: readonly Stage[],
  locked: LockedStages,
  project: string,
): Promise<string[]> {
  const recordedOuts = new Map(
    Object.values(locked).flatMap(({ outs }) => (outs ?? []).map((out) => [out.path, out] as const)),
  );
  const recorder = new StageRecorder(project);
  const lines: string[] = [];
  for (const stage of stages) {
    const record = locked[stage.name];
    const report = (what: string): number => lines.push(`${stage.name}: ${what}`);
    if (record === undefined) {
      report('not recorded');
      continue;
    }
    if (record.cmd !== stage.cmd) report(`cmd: recorded ${record.cmd}, now ${stage.cmd}`);
    for (const path of stage.deps) {
      const now =
        (await recorder.hash(path)) ?? (await recordedVersion(project, path)) ?? recordedOuts.get(path);
      for (const line of changes('dep', path, record.deps, now, 'nobody knows it')) report(line);
    }
    for (const path of stage.outs) {
      const now = (await recorder.hash(path)) ?? record.outs?.find((out) => out.path === path);
      for (const line of changes('out', path, record.outs, now, 'not there')) report(line);
    }
    for (const [kind, recorded, wanted] of [
      ['dep', record.deps, stage.deps],
      ['out', record.outs, stage.outs],
    ] as const) {
      for (const { path } of recorded ?? []) {
        if (!wanted.includes(path)) report(`${kind} ${path}: recorded, but no longer in dvc.yaml`);
      }
    }
    const now = stage.params.size > 0 ? await readParams(stage, project) : {};
    for (const line of changedParams(record.params ?? {}, now)) report(line);
  }
  const names = new Set(stages.map(({ name }) => name));
  for (const name of Object.keys(locked)) if (!names.has(name)) lines.push(`${name}: no longer in dvc.yaml`);
  return lines;
}

function changes(
  kind: string,
  path: string,
  recorded: readonly LockedPath[] | undefined,
  now: LockedPath | undefined,
  absent: string,
): string[] {
  const before = recorded?.find((entry) => entry.path === path);
  if (before === undefined) return [`${kind} ${path}: not recorded`];
  if (now === undefined) return [`${kind} ${path}: ${absent}`];
  if (isDeepStrictEqual({ ...before }, { ...now })) return [];
  return [`${kind} ${path}: recorded ${versionText(before)}, now ${versionText(now)}`];
}

function versionText({ md5, size, nfiles }: LockedPath): string {
  return `${md5} (${size} bytes${nfiles === undefined ? '' : `, ${nfiles} files`})`;
}

function changedParams(
  before: NonNullable<LockedStage['params']>,
  now: NonNullable<LockedStage['params']>,
): string[] {
  const lines: string[] = [];
  for (const file of new Set([...Object.keys(before), ...Object.keys(now)])) {
    for (const key of new Set([...Object.keys(before[file] ?? {}), ...Object.keys(now[file] ?? {})])) {
      const [old, present] = [before[file]?.[key], now[file]?.[key]];
      if (isDeepStrictEqual(old, present)) continue;
      lines.push(`param ${file} ${key}: recorded ${JSON.stringify(old)}, now ${JSON.stringify(present)}`);
    }
  }
  return lines;
}

async function readParams(stage: Stage, project: string): Promise<Record<string, Record<string, unknown>>> {
  const params: Record<string, Record<string, unknown>> = {};
  for (const [file, keys] of stage.params) {
    const values = await readYaml(join(project, file), z.record(z.string(), z.unknown()));
    params[file] = Object.fromEntries(keys.map((key) => [key, valueOf(values, key, file)]));
  }
  return params;
}

function valueOf(values: unknown, key: string, file: string): unknown {
  let value = values;
  for (const name of key.split('.')) {
    const isObject = typeof value === 'object' && value !== null;
    if (!isObject || !Object.hasOwn(value as object, name)) {
      throw new DataError(`${file}: no parameter ${key}`, {
        fix: 'correct the key in dvc.yaml, or add it here',
      });
    }
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

async function hashIfThere(project: string, path: string): Promise<LockedPath | undefined> {
  const place = join(project, path);
  return existsSync(place) ? lockedVersion(path, await describePath(place)) : undefined;
}

async function recordedVersion(project: string, path: string): Promise<LockedPath | undefined> {
  const pointer = await findPointer(join(project, path));
  return pointer && lockedVersion(path, pointer);
}

function lockedVersion(path: string, { md5, size, nfiles }: Pointer): LockedPath {
  return { path, hash: 'md5', md5, size, ...(nfiles === undefined ? {} : { nfiles }) };
}
