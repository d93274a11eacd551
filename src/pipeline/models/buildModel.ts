import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  Linear,
  MaxPool2d,
  type Module,
  ReLU,
  Sequential,
} from '../../nn/index.ts';
import '../../ops/methods.ts';
import { manualSeed } from '../../tensor/random.ts';
import type {
  CnnConfiguration,
  Configuration,
  MlpConfiguration,
  ModelConfiguration,
} from '../config/configuration.ts';

/** Height and width of an image. */
const SIDE = 28;
/** Kinds of clothing. */
const CLASSES = 10;

/** The network of a configuration with its first weights, which follow from the configuration's seed. */
export function initialModel({ seed, model }: Configuration): Module {
  manualSeed(seed);
  return buildModel(model);
}

/** The network that a configuration describes; its weights come from the current seed. */
export function buildModel(model: ModelConfiguration): Module {
  switch (model.name) {
    case 'mlp':
      return buildMlp(model);
    case 'cnn':
      return buildCnn(model);
  }
}

/** Dense layers with ReLU and optional dropout between them. */
function buildMlp({ hidden, dropout }: MlpConfiguration): Sequential {
  const widths = [SIDE * SIDE, ...hidden];
  const layers = hidden.flatMap((width, index) => [
    new Linear(widths[index]!, width),
    new ReLU(),
    ...optional(dropout > 0, () => new Dropout(dropout)),
  ]);
  return new Sequential(new Flatten(), ...layers, new Linear(widths.at(-1)!, CLASSES));
}

/** Blocks of convolution, batch norm, ReLU and max pooling, then a dense head. */
function buildCnn({ channels, kernelSize, batchNorm, hidden, dropout }: CnnConfiguration): Sequential {
  const depths = [1, ...channels];
  const blocks = channels.flatMap((depth, index) => [
    // Batch norm has a bias of its own.
    new Conv2d(depths[index]!, depth, kernelSize, { padding: (kernelSize - 1) / 2, bias: !batchNorm }),
    ...optional(batchNorm, () => new BatchNorm2d(depth)),
    new ReLU(),
    new MaxPool2d(2),
  ]);
  const side = Math.floor(SIDE / 2 ** channels.length);
  const widths = [channels.at(-1)! * side * side, ...hidden];
  const head = hidden.flatMap((width, index) => [
    ...optional(dropout > 0, () => new Dropout(dropout)),
    new Linear(widths[index]!, width),
    new ReLU(),
  ]);
  return new Sequential(
    ...blocks,
    new Flatten(),
    ...head,
    ...optional(dropout > 0, () => new Dropout(dropout)),
    new Linear(widths.at(-1)!, CLASSES),
  );
}

function optional(wanted: boolean, build: () => Module): Module[] {
  return wanted ? [build()] : [];
}
