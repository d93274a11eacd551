import type { Backend } from '../../backend/backend.ts';
import type { Configuration, DataConfiguration, ModelConfiguration } from '../config/configuration.ts';
import { FASHION_MNIST } from '../config/data.ts';
import { taskOf } from '../config/task.ts';
import { type DataDescription, FASHION_MNIST_DESCRIPTION, type LoadedData, misfit } from './description.ts';
import { DataError } from './errors.ts';
import type { ImageSet } from './images.ts';
import { DeviceDataset } from './loader.ts';
import { streamReporter } from './reporter.ts';
import { limited, stratifiedSplit } from './split.ts';
import { loadVersion, type VersionedFashionMnist } from './version.ts';

/** Some images of a data set. */
export interface Part {
  set: DeviceDataset;
  /** Their row numbers. */
  rows: Uint32Array;
}

export interface Datasets {
  train: Part;
  validation: Part;
  /** Uploaded when it is first used, which is after the training. */
  readonly test: Part;
  /** MD5 of each file, for the records of the run. */
  checksums: Readonly<Record<string, string>>;
  /** The version of the files: `<md5>.dir`, as in the pointer file of their folder. */
  dataVersion: string;
}

/** Test images, and the data set that they are part of. */
export interface TestPart extends Part {
  data: LoadedData;
}

/**
 * The data set that a configuration names, in the version of its pointer file or of the configuration. Missing files of
 * Fashion-MNIST come from the first source that has them; a missing variant is made.
 */
export async function obtainData(data: DataConfiguration, signal: AbortSignal): Promise<LoadedData> {
  const description = fixedDescription(data);
  if (description) return { ...(await obtainFashionMnist(data, signal)), description };
  const { loadOwn } = await import('./own/load.ts');
  return loadOwn(data, streamReporter(process.stderr), signal);
}

/** The data as a model takes them: a classifier normalised, an autoencoder as grey values from 0 to 1, which it rebuilds. */
export function descriptionFor(model: ModelConfiguration, description: DataDescription): DataDescription {
  return taskOf(model) === 'reconstruction' ? { ...description, mean: 0, std: 1 } : description;
}

/** The description of the data where it is known before they are read: of Fashion-MNIST and its versions. */
export function fixedDescription({ format }: DataConfiguration): DataDescription | undefined {
  return format === FASHION_MNIST ? FASHION_MNIST_DESCRIPTION : undefined;
}

/** The description of the data of a configuration, which are obtained if it depends on them. */
export async function describeData(data: DataConfiguration, signal: AbortSignal): Promise<DataDescription> {
  return fixedDescription(data) ?? (await obtainData(data, signal)).description;
}

async function obtainFashionMnist(
  { root, name, version: wanted }: DataConfiguration,
  signal: AbortSignal,
): Promise<VersionedFashionMnist> {
  const reporter = streamReporter(process.stderr);
  if (name === FASHION_MNIST) return loadVersion(root, { version: wanted, reporter, signal });
  // Imported only for variants: the tables of the corruptions take time.
  const { loadVariant, prepareVariant } = await import('./variants/prepare.ts');
  const original = () => loadVersion(root, { reporter, signal });
  const { md5: version } = await prepareVariant(root, name, { original, reporter, signal });
  if (wanted !== undefined && wanted !== version) {
    throw new DataError(`${name}: not the version of the data that was asked for`, {
      expected: `${wanted}, as data.version says`,
      got: version,
      fix: 'leave out data.version, or bring back the definition that this version was made from',
    });
  }
  return { ...(await loadVariant(root, name)), version };
}

/** The version of the data that a configuration names: `<md5>.dir`. Missing data are obtained first. */
export async function dataVersion(data: DataConfiguration, signal: AbortSignal): Promise<string> {
  return (await obtainData(data, signal)).version;
}

/**
 * Obtains and divides the data of a training, and uploads them.
 *
 * @param opening the device, which may still be opening
 */
export async function obtainDatasets(
  { data, seed, model, train: limits }: Configuration,
  opening: Backend | Promise<Backend>,
  signal: AbortSignal,
): Promise<Datasets> {
  const loaded = await obtainData(data, signal);
  const { train, test, checksums, version: dataVersion } = loaded;
  const description = descriptionFor(model, loaded.description);
  if (data.validation > train.count) {
    throw new DataError('data.validation: more images than there are', {
      expected: `at most the ${train.count} training images, or a fraction of them`,
      got: String(data.validation),
      fix: 'give a fraction: data.validation=0.1',
    });
  }
  const split = stratifiedSplit(train.labels, data.validation, seed);
  if (split.train.length === 0) {
    throw new DataError('data.validation: nothing is left to train on', {
      expected: `fewer than the ${train.count} training images`,
      got: String(data.validation),
    });
  }
  const { augmentation } = data;
  const side = Math.min(description.height, description.width);
  if (augmentation.shift >= side) {
    throw new DataError('data.augmentation.shift: nothing of an image may be left', {
      expected: `fewer pixels than the ${side} of a side`,
      got: String(augmentation.shift),
    });
  }
  const device = await opening;
  const trainSet = new DeviceDataset(device, train, description);
  let testPart: Part | undefined;
  return {
    train: { set: trainSet, rows: limited(train.labels, split.train, limits.limitTrain, seed) },
    validation: { set: trainSet, rows: split.validation },
    get test() {
      return (testPart ??= testPartOf(test, description, device, limits.limitTest, seed));
    },
    checksums,
    dataVersion,
  };
}

/**
 * Obtains the data, and uploads the test images of a configuration: the same ones as `obtainDatasets`.
 *
 * @param trained the data of the model that is tested; its images are normalised as theirs
 * @throws DataError where the images or the classes are others than those of the model
 */
export async function openTestPart(
  configuration: Configuration,
  trained: DataDescription,
  device: Backend,
  signal: AbortSignal,
): Promise<TestPart> {
  const { seed, train } = configuration;
  const data = await obtainData(configuration.data, signal);
  const problem = misfit(trained, data.description);
  if (problem !== undefined) {
    throw new DataError(`${configuration.data.name}: does not fit the model`, { got: problem });
  }
  return { ...testPartOf(data.test, trained, device, train.limitTest, seed), data };
}

function testPartOf(
  test: ImageSet,
  description: DataDescription,
  device: Backend,
  limit: number | undefined,
  seed: number,
): Part {
  const rows = limited(test.labels, Uint32Array.from(test.labels.keys()), limit, seed);
  return { set: new DeviceDataset(device, test, description), rows };
}
