import { decodeWeights } from '../../experiment/checkpoint.ts';
import {
  type Configuration,
  type ModelConfiguration,
  parseConfiguration,
} from '../../experiment/configuration.ts';
import { parseYaml } from '../../experiment/yamlValue.ts';
import type { Module } from '../../nn/index.ts';
import { CONFIGURATION, type ModelFolder, RegistryError, WEIGHTS } from './modelFolder.ts';

/** Makes the network that a configuration describes, on the default device. */
export type BuildModel = (configuration: ModelConfiguration) => Module;

/** What the model of a folder was trained with. @throws RegistryError, ConfigurationError */
export function configurationOf({ path, files }: ModelFolder): Configuration {
  const { value, faults } = parseYaml(new TextDecoder().decode(files.get(CONFIGURATION)));
  if (faults[0]) throw new RegistryError(`${path}/${CONFIGURATION}: ${faults[0].message}`);
  return parseConfiguration(value);
}

/**
 * The model of a folder, with its weights, on the default device and in evaluation mode.
 *
 * @throws SafetensorsError where weights and configuration do not fit
 * @example loadModel(await openModelFolder('models/cnn/1'), buildModel)
 */
export function loadModel(folder: ModelFolder, build: BuildModel): Module {
  const model = build(configurationOf(folder).model);
  decodeWeights(folder.files.get(WEIGHTS)!, model);
  model.eval();
  return model;
}
