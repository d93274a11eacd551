/** `dvc.lock`: what each stage of `dvc.yaml` read and wrote when it last ran. */
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { storeFile } from '../../files/atomicFile.ts';
import type { Version } from './hash.ts';
import { projectPath } from './pipeline.ts';
import { countNumber, md5Text, readYaml, yamlText } from './yaml.ts';

/** A file or folder and its version. */
export interface LockedPath extends Version {
  readonly path: string;
  /** The kind of hash. (DVC takes its absence for one that ignores line ends.) */
  readonly hash: 'md5';
}

/** The record of a stage. */
export interface LockedStage {
  readonly cmd: string;
  readonly deps?: readonly LockedPath[];
  /** Parameter file → key → value. */
  readonly params?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly outs?: readonly LockedPath[];
}

export type LockedStages = Readonly<Record<string, LockedStage>>;

const lockedPath = z.strictObject({
  path: projectPath,
  hash: z.literal('md5'),
  md5: md5Text,
  size: countNumber,
  nfiles: countNumber.exactOptional(),
});

const lockSchema = z.strictObject({
  schema: z.literal('2.0'),
  stages: z
    .record(
      z.string(),
      z.strictObject({
        cmd: z.string(),
        deps: z.array(lockedPath).exactOptional(),
        params: z.record(z.string(), z.record(z.string(), z.unknown())).exactOptional(),
        outs: z.array(lockedPath).exactOptional(),
      }),
    )
    .default({}),
});

/**
 * Reads a `dvc.lock`; without the file, no stage is recorded.
 *
 * @throws DataError naming every key that differs from what DVC 3 writes
 */
export async function readLock(path: string): Promise<LockedStages> {
  return existsSync(path) ? (await readYaml(path, lockSchema)).stages : {};
}

/** Writes a `dvc.lock` atomically, its stages sorted by name. */
export async function writeLock(path: string, stages: LockedStages): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(stages).sort(([a], [b]) => (a < b ? -1 : 1)));
  await storeFile(path, yamlText({ schema: '2.0', stages: sorted }));
}
