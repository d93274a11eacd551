import { createHash } from 'node:crypto';
import type { Backend } from '../backend/backend.ts';
import { DataError } from '../data/errors.ts';
import { type FashionMnist, loadFashionMnist } from '../data/fashionMnist.ts';
import { type ByteImages, DeviceDataset } from '../data/loader.ts';
import { streamReporter } from '../data/reporter.ts';
import { fetchFashionMnist } from '../data/sources.ts';
import { stratifiedSplit, subset } from '../data/split.ts';
import { SOURCE_NAME } from '../data/variants/definition.ts';
import { loadVariant, prepareVariant } from '../data/variants/prepare.ts';
import type { Configuration, DataConfiguration } from './configuration.ts';

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

/** Images of a data set that are tested on, as bytes besides. */
export interface TestPart extends Part {
  bytes: ByteImages;
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

function obtainNamed({ root, name }: DataConfiguration, signal: AbortSignal): Promise<FashionMnist> {
  return name === SOURCE_NAME ? obtain(root, signal) : obtainVariant(root, name, signal);
}

/** SHA-256 over the files' names and checksums: equal for equal data. Obtains them first, where they are missing. */
export async function dataVersion(data: DataConfiguration, signal: AbortSignal): Promise<string> {
  const { checksums } = await obtainNamed(data, signal);
  const files = Object.entries(checksums).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(files)).digest('hex');
}

/** Obtains the data, puts them on the device, and divides them as the configuration says. */
export async function openDatasets(
  configuration: Configuration,
  device: Backend,
  signal: AbortSignal,
): Promise<Datasets> {
  const { data, seed, train: limits } = configuration;
  const { train, test, checksums } = await obtainNamed(data, signal);
  const split = stratifiedSplit(train.labels, data.validation, seed);
  const trainSet = new DeviceDataset(device, train);
  return {
    train: { set: trainSet, rows: limited(train.labels, split.train, limits.limitTrain, seed) },
    validation: { set: trainSet, rows: split.validation },
    test: {
      set: new DeviceDataset(device, test),
      rows: limited(test.labels, allRows(test), limits.limitTest, seed),
    },
    checksums,
  };
}

/** Obtains the data, and puts on the device what the configuration tests on: the same images as `openDatasets`. */
export async function openTestPart(
  { data, seed, train: { limitTest } }: Configuration,
  device: Backend,
  signal: AbortSignal,
): Promise<TestPart> {
  const { test, checksums } = await obtainNamed(data, signal);
  const rows = limited(test.labels, allRows(test), limitTest, seed);
  return { set: new DeviceDataset(device, test), rows, bytes: test, checksums };
}

function allRows({ labels }: ByteImages): Uint32Array {
  return Uint32Array.from(labels.keys());
}

/** At most `limit` of the rows, chosen evenly over the classes. */
export function limited(
  labels: Uint8Array,
  rows: Uint32Array,
  limit: number | undefined,
  seed: number,
): Uint32Array {
  return limit === undefined || limit >= rows.length ? rows : subset(labels, limit, seed, rows);
}
