import type { Backend } from '../../backend/backend.ts';
import { DataError } from './errors.ts';
import type { FashionMnist, ImageSet } from './fashionMnist.ts';
import { DeviceDataset } from './loader.ts';
import { streamReporter } from './reporter.ts';
import { stratifiedSplit, subset } from './split.ts';
import { SOURCE_NAME } from '../config/dataDefaults.ts';
import { loadVersion, type VersionedFashionMnist } from './version.ts';
import type { Configuration, DataConfiguration } from '../config/configuration.ts';

/** Some images of a data set. */
export interface Part {
  set: DeviceDataset;
  /** Their row numbers. */
  rows: Uint32Array;
}

export interface Datasets {
  train: Part;
  validation: Part;
  /** Put on the device when it is first asked for, which is when a training is done. */
  readonly test: Part;
  /** MD5 of each file, for the records of the run. */
  checksums: Readonly<Record<string, string>>;
  /** The version that these files are: `<md5>.dir`, as the pointer file of their folder names it. */
  dataVersion: string;
}

/** Images of a data set that are tested on, as bytes besides. */
export interface TestPart extends Part {
  bytes: ImageSet;
  checksums: Readonly<Record<string, string>>;
}

/**
 * The data set that a configuration names, in the version that its pointer file names, or that the configuration asks
 * for. What is missing is obtained: from the first source that has it, or by making the variant.
 */
export async function obtainData(
  { root, name, version: wanted }: DataConfiguration,
  signal: AbortSignal,
): Promise<VersionedFashionMnist> {
  const reporter = streamReporter(process.stderr);
  if (name === SOURCE_NAME) return loadVersion(root, { version: wanted, reporter, signal });
  // Loaded where a variant is wanted: the tables of its corruptions take a while to make.
  const { loadVariant, prepareVariant } = await import('./variants/prepare.ts');
  const source = (): Promise<FashionMnist> => loadVersion(root, { reporter, signal });
  const { md5: version } = await prepareVariant(root, name, { source, reporter, signal });
  if (wanted !== undefined && wanted !== version) {
    throw new DataError(`${name}: not the version of the data that was asked for`, {
      expected: `${wanted}, as data.version says`,
      got: version,
      fix: 'leave out data.version, or bring back the definition that this version was made from',
    });
  }
  return { ...(await loadVariant(root, name)), version };
}

/** The version of the data that a configuration names: `<md5>.dir`. Obtains them first, where they are missing. */
export async function dataVersion(data: DataConfiguration, signal: AbortSignal): Promise<string> {
  return (await obtainData(data, signal)).version;
}

/**
 * Obtains the data of a training, divides them as the configuration says, and puts them on the device.
 *
 * @param opening the device, which may still be opening
 */
export async function obtainDatasets(
  { data, seed, train: limits }: Configuration,
  opening: Backend | Promise<Backend>,
  signal: AbortSignal,
): Promise<Datasets> {
  const { train, test, checksums, version } = await obtainData(data, signal);
  const split = stratifiedSplit(train.labels, data.validation, seed);
  const device = await opening;
  const trainSet = new DeviceDataset(device, train);
  let testPart: Part | undefined;
  return {
    train: { set: trainSet, rows: limited(train.labels, split.train, limits.limitTrain, seed) },
    validation: { set: trainSet, rows: split.validation },
    get test() {
      return (testPart ??= {
        set: new DeviceDataset(device, test),
        rows: limited(test.labels, allRows(test), limits.limitTest, seed),
      });
    },
    checksums,
    dataVersion: version,
  };
}

/** Obtains the data, and puts on the device what the configuration tests on: the same images as `obtainDatasets`. */
export async function openTestPart(
  { data, seed, train: { limitTest } }: Configuration,
  device: Backend,
  signal: AbortSignal,
): Promise<TestPart> {
  const { test, checksums } = await obtainData(data, signal);
  const rows = limited(test.labels, allRows(test), limitTest, seed);
  return { set: new DeviceDataset(device, test), rows, bytes: test, checksums };
}

function allRows({ labels }: ImageSet): Uint32Array {
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
