import { WgradError } from '../../backend/errors.ts';
import type { ModelConfiguration } from './models.ts';

/** What a model learns: the class of an image, or to rebuild the image from a short code. */
export type TaskName = 'classification' | 'reconstruction';

/** The task of a model, which follows from its architecture. */
export function taskOf({ name }: Pick<ModelConfiguration, 'name'>): TaskName {
  return name === 'autoencoder' ? 'reconstruction' : 'classification';
}

/**
 * Refuses a model that is no classifier.
 *
 * @param what takes a classifier: 'the registry'
 * @param name the run or the model
 * @param instead what serves instead, as a sentence
 * @throws WgradError
 */
export function requireClassifier(
  model: Pick<ModelConfiguration, 'name'>,
  what: string,
  name: string,
  instead: string,
): void {
  if (taskOf(model) === 'classification') return;
  throw new WgradError(`${what} takes classifiers; ${name} is an autoencoder. ${instead}`);
}
