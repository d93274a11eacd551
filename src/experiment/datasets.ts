import type { Backend } from '../backend/backend.ts';
import { DataError } from '../data/errors.ts';
import { type FashionMnist, loadFashionMnist } from '../data/fashionMnist.ts';
import { DeviceDataset } from '../data/loader.ts';
import { streamReporter } from '../data/reporter.ts';
import { fetchFashionMnist } from '../data/sources.ts';
import { stratifiedSplit, subset } from '../data/split.ts';
import { SOURCE_NAME } from '../data/variants/definition.ts';
import { loadVariant, prepareVariant } from '../data/variants/prepare.ts';
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
}

/** The files of the folder, where they are intact; else from the first source that has them. */
async function obtain(root: string, signal: AbortSignal): Promise<FashionMnist> {
  try {
    return await loadFashionMnist(root);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    await fetchFashionMnist(root, { reporter: streamReporter(process.stderr), signal });
    return loadFashionMnist(root);
  }
}

/** A version of the data set; made from the files of the folder where it is not there. */
async function obtainVariant(root: string, name: string, signal: AbortSignal): Promise<FashionMnist> {
  const source = (): Promise<FashionMnist> => obtain(root, signal);
  await prepareVariant(root, name, { source, reporter: streamReporter(process.stderr), signal });
  return loadVariant(root, name);
}

/** Obtains the data, puts them on the device, and divides them as the configuration says. */
export async function openDatasets(
  configuration: Configuration,
  device: Backend,
  signal: AbortSignal,
): Promise<Datasets> {
  const { data, seed, train: limits } = configuration;
  const { train, test, checksums } = await (data.name === SOURCE_NAME
    ? obtain(data.root, signal)
    : obtainVariant(data.root, data.name, signal));
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
  };
}
