import { join } from 'node:path';
import type { Module } from '../nn/index.ts';
import { loadWeights } from './checkpoint.ts';
import { type Configuration, loadConfiguration, type ModelConfiguration } from './configuration.ts';
import { resolveRun } from './runDirectory.ts';

/** A run's folder, its resolved configuration, and its model with the best weights. */
export interface OpenedRun {
  readonly path: string;
  readonly configuration: Configuration;
  readonly model: Module;
}

/**
 * Opens a run that was trained before: `latest`, an id, or a path. The model is on the default device, in evaluation
 * mode.
 *
 * @param root the folder of runs, `runs`
 * @param build makes the model that a configuration describes
 * @throws FileError where there is no such run or no checkpoint in it; ConfigurationError, SafetensorsError
 * @example const { model, configuration } = await openRun('runs', 'latest', buildModel);
 */
export async function openRun(
  root: string,
  reference: string,
  build: (model: ModelConfiguration) => Module,
): Promise<OpenedRun> {
  const path = await resolveRun(root, reference);
  const configuration = loadConfiguration(join(path, 'config.yaml'), []);
  const model = build(configuration.model);
  await loadWeights(join(path, 'checkpoints', 'best.safetensors'), model);
  model.eval();
  return { path, configuration, model };
}
