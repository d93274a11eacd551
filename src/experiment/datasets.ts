import type { Backend } from '../backend/backend.ts';
import { DeviceDataset } from '../data/loader.ts';
import { streamReporter } from '../data/reporter.ts';
import { stratifiedSplit, subset } from '../data/split.ts';
import { loadVersion } from '../data/version.ts';
import type { Configuration } from './configuration.ts';

/** Some images of a data set. */
export interface Part {
  set: DeviceDataset;
  /** Their row numbers. */
  rows: Uint32Array;
}

export interface Datasets {
  train: Part;
  validation: Part;
  test: Part;
  /** MD5 of each file, for the records of the run. */
  checksums: Readonly<Record<string, string>>;
  /** The version that these files are: `<md5>.dir`, as the folder's pointer file names it. */
  dataVersion: string;
}

/** Obtains the data, puts them on the device, and divides them as the configuration says. */
export async function openDatasets(
  configuration: Configuration,
  device: Backend,
  signal: AbortSignal,
): Promise<Datasets> {
  const { data, seed, train: limits } = configuration;
  const { train, test, checksums, version } = await loadVersion(data.root, {
    version: data.version,
    reporter: streamReporter(process.stderr),
    signal,
  });
  const split = stratifiedSplit(train.labels, data.validation, seed);
  const trainSet = new DeviceDataset(device, train);
  const limited = (labels: Uint8Array, rows: Uint32Array, limit: number | undefined): Uint32Array =>
    limit === undefined || limit >= rows.length ? rows : subset(labels, limit, seed, rows);
  return {
    train: { set: trainSet, rows: limited(train.labels, split.train, limits.limitTrain) },
    validation: { set: trainSet, rows: split.validation },
    test: {
      set: new DeviceDataset(device, test),
      rows: limited(test.labels, Uint32Array.from(test.labels.keys()), limits.limitTest),
    },
    checksums,
    dataVersion: version,
  };
}
