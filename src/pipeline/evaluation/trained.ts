import { isDeepStrictEqual } from 'node:util';
import type { Backend } from '../../backend/backend.ts';
import type { Module } from '../../nn/index.ts';
import '../../ops/methods.ts';
import { init, type InitOptions } from '../../tensor/device.ts';
import { hashWeights } from '../checkpoint/checkpoint.ts';
import { FASHION_MNIST } from '../config/data.ts';
import type { Configuration } from '../config/configuration.ts';
import { requireClassifier, taskOf } from '../config/task.ts';
import { openTestPart, type TestPart } from '../data/datasets.ts';
import { CORRUPTIONS } from '../data/corruptions/index.ts';
import { type DataDescription, misfit } from '../data/description.ts';
import { DataError } from '../data/errors.ts';
import type { ImageSet } from '../data/images.ts';
import { limited } from '../data/split.ts';
import { deviceText } from '../runs/environment.ts';
import { evaluate } from '../training/evaluate.ts';
import { reconstruction } from '../training/tasks.ts';
import { corruptedAccuracy } from './corruptedAccuracy.ts';
import { mcnemar } from './measures/mcnemar.ts';
import { checkPredictions, measure } from './measures/measure.ts';
import { predictedClasses } from './measures/ranking.ts';
import { baselineErrors, normalisedError, robustnessOf } from './measures/robustness.ts';
import { predict, type Predictions } from './predictions.ts';
import { writeMetrics } from './report/metricsFile.ts';
import {
  type Comparison,
  type EvaluationReport,
  type ReconstructionReport,
  type ReportHead,
  type Robustness,
  writeEvaluation,
} from './report/report.ts';

/** A trained model, of a run or of the registry. */
export interface TrainedModel {
  /** The run's id, or `cnn/1`. */
  readonly name: string;
  readonly configuration: Configuration;
  /** The run's folder; undefined for a registered model, whose folder must not change. */
  readonly run: string | undefined;
  /** Loads it on the default device, in evaluation mode, with the description of the data that it was trained on. */
  readonly load: () => Promise<LoadedModel>;
}

export interface LoadedModel {
  readonly model: Module;
  readonly data: DataDescription;
}

/** What to measure beside the plain results, and where it differs from the model's configuration. */
export interface EvaluationOptions {
  readonly device?: Configuration['device'] | undefined;
  /** As `init` takes it. */
  readonly tuning: NonNullable<InitOptions['tuning']>;
  /** The name of the data set. */
  readonly data?: string | undefined;
  /** How many test images to use; default all. */
  readonly limit?: number | undefined;
  /** Measures the accuracy on corrupted images. */
  readonly robustness?: RobustnessOptions | undefined;
  /** A model to compare with, on the same images. */
  readonly compareWith?: TrainedModel | undefined;
}

interface RobustnessOptions {
  /** How many test images to use, chosen evenly over the classes, the same for every run; default all. */
  readonly images?: number | undefined;
  /** The report by whose errors the errors are divided. */
  readonly baseline?: EvaluationReport | undefined;
}

/** The seed of the corruptions of every run, so that runs are compared on the same images. */
const CORRUPTION_SEED = 0;

/**
 * Evaluates a trained model on the test images, on the device that its configuration or the options name.
 *
 * @returns the report of a classifier, or of an autoencoder
 * @throws DataError where the data cannot be obtained, WgradError where the model's values are not finite or it is no
 *   classifier for what takes one, AdapterError where the device is not there
 */
export async function evaluateTrained(
  trained: TrainedModel,
  { device: deviceName, tuning, data, limit, robustness, compareWith }: EvaluationOptions,
): Promise<EvaluationReport | ReconstructionReport> {
  const recorded = trained.configuration;
  if (robustness) requireClassifier(recorded.model, 'evaluate --robustness', trained.name, 'Leave it out.');
  for (const each of compareWith ? [trained, compareWith] : []) {
    requireClassifier(each.configuration.model, 'evaluate --compare', each.name, 'Leave it out.');
  }
  if (data !== undefined && recorded.data.format !== FASHION_MNIST) {
    throw new DataError(
      `${trained.name} was not trained on Fashion-MNIST, so there are no versions to choose from`,
      {
        got: `data ${data}; the model's data are ${recorded.data.name} in ${recorded.data.root}`,
      },
    );
  }
  const configuration: Configuration = {
    ...recorded,
    device: deviceName ?? recorded.device,
    data: { ...recorded.data, name: data ?? recorded.data.name },
    train: { ...recorded.train, ...(limit !== undefined && { limitTest: limit }) },
  };
  const device = await init(configuration.device, {
    tuning,
    ...(configuration.adapter !== undefined && { adapter: configuration.adapter }),
    onFallback: (reason) => process.stderr.write(`${reason}\n\n`),
  });
  try {
    const { model, data: description } = await trained.load();
    const test = await openTestPart(configuration, description, device, new AbortController().signal);
    const head: ReportHead = {
      version: 1,
      run: trained.name,
      weightsSha256: await hashWeights(model),
      parameterCount: model.parameterCount(),
      device: deviceText(device),
      dataset: {
        name: configuration.data.name,
        split: 'test',
        images: test.rows.length,
        checksums: test.data.checksums,
      },
    };
    if (taskOf(configuration.model) === 'reconstruction') {
      return { ...head, ...(await evaluate(reconstruction, model, test)) };
    }
    const predictions = await predict(model, test);
    return {
      ...head,
      ...measure(predictions, description.classes),
      ...(robustness && {
        robustness: await measureRobustness(robustness, model, device, test.set.description, test.data.test),
      }),
      ...(compareWith && { comparison: await compare(compareWith, test, predictions) }),
    };
  } finally {
    device.destroy();
  }
}

async function compare(other: TrainedModel, test: TestPart, predictions: Predictions): Promise<Comparison> {
  const { model, data } = await other.load();
  const trained = test.set.description;
  if (!isDeepStrictEqual(data, trained)) {
    throw new DataError(`${other.name} cannot be compared: it was trained on other data`, {
      got: misfit(trained, data) ?? 'images with another mean and standard deviation',
    });
  }
  const others = await predict(model, test);
  checkPredictions(others);
  return {
    run: other.name,
    weightsSha256: await hashWeights(model),
    ...mcnemar(hits(predictions), hits(others)),
  };
}

function hits(predictions: Predictions): boolean[] {
  const { labels } = predictions;
  return Array.from(predictedClasses(predictions), (predicted, image) => predicted === labels[image]);
}

async function measureRobustness(
  { images, baseline }: RobustnessOptions,
  model: Module,
  device: Backend,
  description: DataDescription,
  bytes: ImageSet,
): Promise<Robustness> {
  const rows = limited(bytes.labels, Uint32Array.from(bytes.labels.keys()), images, CORRUPTION_SEED);
  const measured = { images: rows.length, seed: CORRUPTION_SEED };
  const errors = baseline && baselineErrors(baseline, CORRUPTIONS, measured);
  const robustness = robustnessOf(
    await corruptedAccuracy(model, device, description, bytes, rows, CORRUPTION_SEED),
    measured,
  );
  if (!baseline || !errors) return robustness;
  const { run, weightsSha256 } = baseline;
  const meanCorruptionError = normalisedError(robustness.perCorruption, errors);
  return { ...robustness, normalised: { meanCorruptionError, baseline: { run, weightsSha256 } } };
}

/**
 * Writes a report into the run's folder, and its numbers into `metrics.json` of a folder of reports.
 *
 * @param reports undefined: none
 * @returns the paths of the files
 */
export async function writeReport(
  { run }: TrainedModel,
  report: EvaluationReport | ReconstructionReport,
  reports: string | undefined,
): Promise<string[]> {
  return [
    ...(run === undefined ? [] : [await writeEvaluation(run, report)]),
    ...(reports === undefined ? [] : [await writeMetrics(reports, report)]),
  ];
}
