import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  Linear,
  MaxPool2d,
  ReLU,
  Sequential,
} from '../../nn/index.ts';
import '../../ops/methods.ts';
import { ConfigurationError } from '../config/error.ts';
import type { CnnConfiguration } from '../config/schema.ts';
import type { NetworkShape } from '../data/description.ts';
import { optional } from './optional.ts';

/** Blocks of convolution, batch norm, ReLU and max pooling, then a dense head. */
export function buildCnn(
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
