import type { Backend } from '../../backend/backend.ts';
import { CLASS_NAMES } from '../data/fashionMnist.ts';
import type { ImageSet } from '../data/fashionMnist.ts';
import type { Module } from '../../nn/index.ts';
import { hashWeights } from '../checkpoint/checkpoint.ts';
import type { Configuration } from '../config/configuration.ts';
import { limited, openTestPart, type TestPart } from '../data/datasets.ts';
import { predict, type Predictions } from './predictions.ts';
import { corruptedAccuracy, type Corruptions } from './corruptedAccuracy.ts';
import { mcnemar } from './measures/mcnemar.ts';
import { checkPredictions, measure } from './measures/measure.ts';
import { predictedClasses } from './measures/ranking.ts';
import type { Comparison, EvaluationReport, Robustness } from './report/report.ts';
import { baselineErrors, normalisedError, robustnessOf } from './measures/robustness.ts';

/** The corruptions of every run are drawn from this seed, so that runs are compared on the same images. */
export const CORRUPTION_SEED = 0;

/** A model with its weights, on the default device, and what reports call it. */
export interface NamedModel {
  readonly name: string;
  readonly model: Module;
}

/** What is to be evaluated, and how. */
export interface EvaluationTask extends NamedModel {
  /** Data and limits of the evaluation: what the model was trained with, unless changed. */
  readonly configuration: Configuration;
  /** The default device. */
  readonly device: Backend;
  /** Measure the accuracy on corrupted images, too. */
  readonly robustness?: RobustnessTask | undefined;
  /** To compare with. */
  readonly compareWith?: NamedModel | undefined;
}

export interface RobustnessTask {
  readonly corruptions: Corruptions;
  /** How many of the test images to take, chosen evenly over the classes, the same for every run; default all. */
  readonly images?: number | undefined;
  /** A run whose errors the errors are divided by. */
  readonly baseline?: EvaluationReport | undefined;
}

/**
 * Evaluates a model on the test images.
 *
 * @throws DataError where the data cannot be had, WgradError where the model gives values that are not finite
 */
export async function evaluateModel(task: EvaluationTask): Promise<EvaluationReport> {
  const { name, model, configuration, device } = task;
  const test = await openTestPart(configuration, device, new AbortController().signal);
  const predictions = await predict(model, test);
  const measures = measure(predictions, CLASS_NAMES);
  const comparison = task.compareWith && (await compare(task.compareWith, test, predictions));
  const robustness = task.robustness && (await measureRobustness(task.robustness, model, device, test.bytes));
  return {
    version: 1,
    run: name,
    weightsSha256: await hashWeights(model),
    parameterCount: model.parameterCount(),
    device: `${device.name}: ${device.description}`,
    dataset: {
      name: configuration.data.name,
      split: 'test',
      images: test.rows.length,
      checksums: test.checksums,
    },
    ...measures,
    ...(robustness && { robustness }),
    ...(comparison && { comparison }),
  };
}

/** Another model on the same images. */
async function compare(
  { name, model }: NamedModel,
  test: TestPart,
  predictions: Predictions,
): Promise<Comparison> {
  const others = await predict(model, test);
  checkPredictions(others);
  return {
    run: name,
    weightsSha256: await hashWeights(model),
    ...mcnemar(hits(predictions), hits(others)),
  };
}

function hits(predictions: Predictions): boolean[] {
  const { labels } = predictions;
  return Array.from(predictedClasses(predictions), (predicted, image) => predicted === labels[image]);
}

async function measureRobustness(
  { corruptions, images, baseline }: RobustnessTask,
  model: Module,
  device: Backend,
  bytes: ImageSet,
): Promise<Robustness> {
  const rows = limited(bytes.labels, Uint32Array.from(bytes.labels.keys()), images, CORRUPTION_SEED);
  const measured = { images: rows.length, seed: CORRUPTION_SEED };
  const errors = baseline && baselineErrors(baseline, corruptions.names, measured);
  const robustness = robustnessOf(
    await corruptedAccuracy(model, device, bytes, rows, corruptions, CORRUPTION_SEED),
    measured,
  );
  if (!baseline || !errors) return robustness;
  const { run, weightsSha256 } = baseline;
  const meanCorruptionError = normalisedError(robustness.perCorruption, errors);
  return { ...robustness, normalised: { meanCorruptionError, baseline: { run, weightsSha256 } } };
}
