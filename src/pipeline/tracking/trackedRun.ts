import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError } from '../data/errors.ts';
import { loadFashionMnist } from '../data/fashionMnist.ts';
import type { ImageSet } from '../data/fashionMnist.ts';
import { loadConfiguration } from '../config/configuration.ts';
import { readError } from '../files/fileError.ts';
import type { TrackedRun, Warn } from './tracker.ts';

/**
 * What trackers know of a run, read from its folder.
 *
 * @param warn told where the data set is not at hand; trackers then show no pictures
 * @throws FileError, ConfigurationError where the folder lacks the records of a run
 */
export async function readTrackedRun(path: string, warn: Warn): Promise<TrackedRun> {
  const configuration = loadConfiguration(join(path, 'config.yaml'));
  const environment = await readObject(join(path, 'environment.json'));
  const startedAt = Date.parse(String(environment['startedAt']));
  let images: Promise<ImageSet | undefined> | undefined;
  return {
    id: basename(path),
    path,
    configuration,
    environment,
    startedAt: Number.isFinite(startedAt) ? startedAt : 0,
    trainImages: () => (images ??= loadImages(configuration.data.root, warn)),
  };
}

async function loadImages(root: string, warn: Warn): Promise<ImageSet | undefined> {
  try {
    return (await loadFashionMnist(root)).train;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    warn(`no pictures of wrong predictions: ${error.message}`);
    return undefined;
  }
}

async function readObject(path: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    throw new Error('it holds no JSON object');
  } catch (error) {
    throw readError(path, error);
  }
}
