import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Configuration, printConfiguration } from '../config/configuration.ts';
import { writeFileAtomic } from '../files/atomicFile.ts';
import { makeFolders } from '../files/folders.ts';
import { type RunSummary, tryReadSummary } from '../runs/summary.ts';
import type { Overrides } from './axes.ts';

/** What a trial's result depends on, besides its configuration. */
export interface Versions {
  readonly data: string;
  readonly code: string;
  /** Of the first weights, where they are not random. */
  readonly init?: string;
}

/** One training of a sweep. */
export interface Trial {
  /** Equal for trials of any sweep that must have the same result. */
  readonly id: string;
  readonly overrides: Overrides;
  readonly configuration: Configuration;
  readonly versions: Versions;
  /** The run's folder, the same for every sweep with this trial. */
  readonly path: string;
}

/** The folders of runs and data are no part of a trial's identity; the version of the data is. Nor is the sweep. */
export function makeTrial(
  overrides: Overrides,
  { sweep: _, ...configuration }: Configuration,
  versions: Versions,
): Trial {
  const { run, data, ...others } = configuration;
  const identity = canonical({ ...others, data: { ...data, root: '' }, versions });
  const id = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  return { id, overrides, configuration, versions, path: join(run.dir, `${configuration.name}-${id}`) };
}

/** Makes the trial's folder, from which `--resume` starts it; an existing one stays. */
export async function prepareTrial({ path, configuration }: Trial): Promise<void> {
  const file = join(path, 'config.yaml');
  makeFolders(join(path, 'checkpoints'));
  if (!existsSync(file)) await writeFileAtomic(file, printConfiguration(configuration));
}

/** The results of a trial; undefined while it is not finished. */
export async function trialSummary({ path }: Trial): Promise<RunSummary | undefined> {
  return tryReadSummary(path);
}

/** The value with all keys in alphabetical order, so that equal values have equal JSON. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]));
}
