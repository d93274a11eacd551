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
import { ConfigurationError } from '../config/error.ts';
import type {
  CnnConfiguration,
  Configuration,
  MlpConfiguration,
  ModelConfiguration,
} from '../config/schema.ts';
import type { NetworkShape } from '../data/description.ts';

/** The network of a configuration with its first weights, which follow from the configuration's seed. */
export function initialModel({ seed, model }: Configuration, shape: NetworkShape): Module {
  manualSeed(seed);
  return buildModel(model, shape);
}

/**
 * The network that a configuration describes; its weights come from the current seed.
 *
 * @param shape the images that it takes, and the classes
 * @throws ConfigurationError where the images are too small for the blocks of a convolutional network
 */
export function buildModel(model: ModelConfiguration, shape: NetworkShape): Module {
  switch (model.name) {
    case 'mlp':
      return buildMlp(model, shape);
    case 'cnn':
      return buildCnn(model, shape);
  }
}

/** Dense layers with ReLU and optional dropout between them. */
function buildMlp({ hidden, dropout }: MlpConfiguration, { height, width, classes }: NetworkShape): Sequential {
  const widths = [height * width, ...hidden];
  const layers = hidden.flatMap((width, index) => [
    new Linear(widths[index]!, width),
    new ReLU(),
    ...optional(dropout > 0, () => new Dropout(dropout)),
  ]);
  return new Sequential(new Flatten(), ...layers, new Linear(widths.at(-1)!, classes.length));
}

/** Blocks of convolution, batch norm, ReLU and max pooling, then a dense head. */
function buildCnn(
  { channels, kernelSize, batchNorm, hidden, dropout }: CnnConfiguration,
  { height, width, classes }: NetworkShape,
): Sequential {
  const most = Math.floor(Math.log2(Math.min(height, width)));
  if (channels.length > most) {
    throw new ConfigurationError(
      `model.channels: each block halves height and width, so images of ${height} × ${width} pixels take at most ` +
        `${most} blocks; got ${channels.length}`,
    );
  }
  const depths = [1, ...channels];
  const blocks = channels.flatMap((depth, index) => [
    // Batch norm has a bias of its own.
    new Conv2d(depths[index]!, depth, kernelSize, { padding: (kernelSize - 1) / 2, bias: !batchNorm }),
    ...optional(batchNorm, () => new BatchNorm2d(depth)),
    new ReLU(),
    new MaxPool2d(2),
  ]);
  const [rows, columns] = [height, width].map((side) => Math.floor(side / 2 ** channels.length)) as [number, number];
  const widths = [channels.at(-1)! * rows * columns, ...hidden];
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
    new Linear(widths.at(-1)!, classes.length),
  );
}

function optional(wanted: boolean, build: () => Module): Module[] {
  return wanted ? [build()] : [];
}
