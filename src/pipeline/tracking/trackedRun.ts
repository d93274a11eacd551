import { basename, join } from 'node:path';
import { z } from 'zod';
import { type DataConfiguration, loadConfiguration } from '../config/configuration.ts';
import { obtainData } from '../data/datasets.ts';
import { DataError } from '../data/errors.ts';
import type { LoadedData } from '../data/description.ts';
import { readJson } from '../files/json.ts';
import { readLabels } from '../runs/labels.ts';
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
  let data: Promise<LoadedData | undefined> | undefined;
  return {
    id: basename(path),
    path,
    configuration,
    labels: await readLabels(path, configuration.run),
    environment,
    startedAt: Number.isFinite(startedAt) ? startedAt : 0,
    data: () => (data ??= loadData(configuration.data, warn)),
  };
}

async function loadData(data: DataConfiguration, warn: Warn): Promise<LoadedData | undefined> {
  try {
    return await obtainData(data, new AbortController().signal);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    warn(`no pictures of wrong predictions: ${error.message}`);
    return undefined;
  }
}
