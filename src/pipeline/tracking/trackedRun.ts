import { basename, join } from 'node:path';
import { z } from 'zod';
import { loadConfiguration } from '../config/configuration.ts';
import { DataError } from '../data/errors.ts';
import { type ImageSet, loadFashionMnist } from '../data/fashionMnist.ts';
import { readJson } from '../files/json.ts';
import type { TrackedRun, Warn } from './tracker.ts';

/**
 * Reads what trackers know of a run from its folder.
 *
 * @param warn called where the data set is not available; trackers then show no pictures
 * @throws FileError, ConfigurationError if the folder does not hold the records of a run
 */
export async function readTrackedRun(path: string, warn: Warn): Promise<TrackedRun> {
  const configuration = loadConfiguration(join(path, 'config.yaml'));
  const anyObject = z.record(z.string(), z.unknown());
  const environment = await readJson(join(path, 'environment.json'), anyObject, 'an environment');
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
