import { decodeWeights } from '../../pipeline/checkpoint/checkpoint.ts';
import { type Configuration, parseConfiguration } from '../../pipeline/config/configuration.ts';
import { requireClassifier } from '../../pipeline/config/task.ts';
import { parseYaml } from '../../pipeline/files/yamlValue.ts';
import type { DataDescription } from '../../pipeline/data/description.ts';
import { buildModel } from '../../pipeline/models/buildModel.ts';
import type { Module } from '../../nn/index.ts';
import type { ModelRecord } from './modelRecord.ts';
import { CONFIGURATION, type ModelFolder, RegistryError, WEIGHTS } from './modelFolder.ts';

/** The configuration of the training of a folder's model. @throws RegistryError, ConfigurationError */
export function configurationOf({ path, files }: ModelFolder): Configuration {
  const { value, faults } = parseYaml(new TextDecoder().decode(files.get(CONFIGURATION)));
  if (faults[0]) throw new RegistryError(`${path}/${CONFIGURATION}: ${faults[0].message}`);
  return parseConfiguration(value);
}

/** The data of a model. */
export function descriptionOf({ classes, input, normalisation }: ModelRecord): DataDescription {
  return { ...input, classes, ...normalisation };
}

/**
 * Loads the model of a folder with its weights, on the default device and in evaluation mode.
 *
 * @throws SafetensorsError if weights and configuration do not match
 * @example loadModel(await openModelFolder('models/cnn/1'))
 */
export function loadModel(folder: ModelFolder): Module {
  const configuration = configurationOf(folder);
  const instead = 'Promote a run of a classifier: npx tsx src/registry.ts promote --help';
  requireClassifier(configuration.model, 'the registry', folder.path, instead);
  const model = buildModel(configuration.model, descriptionOf(folder.record));
  decodeWeights(folder.files.get(WEIGHTS)!, model);
  model.eval();
  return model;
}
