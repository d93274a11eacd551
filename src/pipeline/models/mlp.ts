import { Dropout, Flatten, Linear, ReLU, Sequential } from '../../nn/index.ts';
import '../../ops/methods.ts';
import type { MlpConfiguration } from '../config/schema.ts';
import type { NetworkShape } from '../data/description.ts';
import { optional } from './optional.ts';

/** Dense layers with ReLU and optional dropout between them. */
export function buildMlp({ hidden, dropout }: MlpConfiguration, { height, width, classes }: NetworkShape): Sequential {
  const widths = [height * width, ...hidden];
  const layers = hidden.flatMap((width, index) => [
    new Linear(widths[index]!, width),
    new ReLU(),
    ...optional(dropout > 0, () => new Dropout(dropout)),
  ]);
  return new Sequential(new Flatten(), ...layers, new Linear(widths.at(-1)!, classes.length));
}
