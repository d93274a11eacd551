import { join } from 'node:path';
import type { Module } from '../../nn/index.ts';
import { openWeights } from '../checkpoint/checkpoint.ts';
import { type Configuration, loadConfiguration } from '../config/configuration.ts';
import type { DataDescription } from '../data/description.ts';
import { buildModel } from '../models/buildModel.ts';
import { resolveRun } from './directory.ts';
import { SafetensorsError } from '../../formats/safetensors/index.ts';

/** A run's folder, its resolved configuration, and its model with the best weights. */
export interface OpenedRun {
  readonly path: string;
  readonly configuration: Configuration;
  readonly model: Module;
  /** The data that it was trained on. */
  readonly data: DataDescription;
}

/**
 * Opens a run that was trained before: `latest`, an id, or a path. The model is on the default device, in evaluation
 * mode.
 *
 * @param root the folder of runs, `runs`
 * @throws FileError where there is no such run or no checkpoint in it; ConfigurationError, SafetensorsError
 * @example const { model, configuration } = await openRun('runs', 'latest');
 */
export async function openRun(root: string, reference: string): Promise<OpenedRun> {
  const path = await resolveRun(root, reference);
  const configuration = loadConfiguration(join(path, 'config.yaml'), []);
  const checkpoint = join(path, 'checkpoints', 'best.safetensors');
  const { data, loadInto } = await openWeights(checkpoint);
  const model = buildModel(configuration.model, data);
  try {
    loadInto(model);
  } catch (error) {
    throw error instanceof SafetensorsError
      ? new SafetensorsError(`${checkpoint}: ${error.message}`, { cause: error })
      : error;
  }
  model.eval();
  return { path, configuration, model, data };
}
