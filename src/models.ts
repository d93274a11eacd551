import type { MlpConfiguration, ModelConfiguration } from './experiment/configuration.ts';
import { Dropout, Flatten, Linear, type Module, ReLU, Sequential } from './nn/index.ts';

/** Pixels of an image. */
const INPUTS = 28 * 28;
/** Kinds of clothing. */
const CLASSES = 10;

/** Builds the network that a configuration describes; its weights come from the current seed. */
export function buildModel(model: ModelConfiguration): Module {
  return buildMlp(model);
}

/** Dense layers with ReLU, and dropout where it is asked for, between them. */
function buildMlp({ hidden, dropout }: MlpConfiguration): Sequential {
  const widths = [INPUTS, ...hidden];
  const layers = hidden.flatMap((width, index) => [
    new Linear(widths[index]!, width),
    new ReLU(),
    ...(dropout > 0 ? [new Dropout(dropout)] : []),
  ]);
  return new Sequential(new Flatten(), ...layers, new Linear(widths.at(-1)!, CLASSES));
}
