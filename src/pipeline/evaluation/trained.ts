import { init, type InitOptions } from '../../tensor/device.ts';
import type { Module } from '../../nn/index.ts';
import '../../ops/methods.ts';
import type { Configuration } from '../config/configuration.ts';
import { CORRUPTIONS, corrupt, isGraded, SEVERITIES } from '../data/corruptions/index.ts';
import { evaluateModel, type NamedModel } from './evaluateModel.ts';
import { writeMetrics } from './report/metricsFile.ts';
import { type EvaluationReport, writeEvaluation } from './report/report.ts';

/** A trained model, of a run or of the registry. */
export interface TrainedModel {
  /** The run's id, or `cnn/1`. */
  readonly name: string;
  readonly configuration: Configuration;
  /** The run's folder; undefined for a registered model, whose folder must not change. */
  readonly run: string | undefined;
  /** Loads it on the default device, in evaluation mode. */
  readonly load: () => Promise<Module>;
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
  readonly robustness?:
    { readonly images?: number | undefined; readonly baseline?: EvaluationReport | undefined } | undefined;
  readonly compareWith?: TrainedModel | undefined;
}

/**
 * Evaluates a trained model on the device that its configuration or the options name.
 *
 * @throws as `evaluateModel`; AdapterError where the device is not there
 */
export async function evaluateTrained(
  trained: TrainedModel,
  { device: deviceName, tuning, data, limit, robustness, compareWith }: EvaluationOptions,
): Promise<EvaluationReport> {
  const recorded = trained.configuration;
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
  const load = async ({ name, load }: TrainedModel): Promise<NamedModel> => ({ name, model: await load() });
  const corruptions = { names: CORRUPTIONS, severities: SEVERITIES, isGraded, corrupt };
  try {
    return await evaluateModel({
      ...(await load(trained)),
      configuration,
      device,
      robustness: robustness && { ...robustness, corruptions },
      ...(compareWith && { compareWith: await load(compareWith) }),
    });
  } finally {
    device.destroy();
  }
}

/**
 * Writes a report into the run's folder, and its numbers into `metrics.json` of a folder of reports.
 *
 * @param reports by default `reports` for a run, and none for a registered model
 * @returns the paths of the files
 */
export async function writeReport(
  { run }: TrainedModel,
  report: EvaluationReport,
  reports: string | undefined = run === undefined ? undefined : 'reports',
): Promise<string[]> {
  return [
    ...(run === undefined ? [] : [await writeEvaluation(run, report)]),
    ...(reports === undefined ? [] : [await writeMetrics(reports, report)]),
  ];
}
