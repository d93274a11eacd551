import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  Linear,
  Module,
  ReLU,
  Sequential,
} from '../../nn/index.ts';
import '../../ops/methods.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ResnetConfiguration } from '../config/schema.ts';
import type { NetworkShape } from '../data/description.ts';
import { optional } from './optional.ts';

/**
 * A residual network: a convolution, stages of residual blocks, the mean of each channel, and a dense layer. Each stage after
 * the first halves height and width, rounded up, so images of any size fit.
 *
 * Source: He et al.: Deep Residual Learning for Image Recognition (CVPR 2016), section 4.2.
 */
export function buildResnet(
  { channels, blocks, dropout }: ResnetConfiguration,
  { classes }: NetworkShape,
): Sequential {
  const [first] = channels as [number, ...number[]];
  const stages = channels.flatMap((depth, stage) =>
    Array.from({ length: blocks }, (_, block) => {
      const opens = stage > 0 && block === 0;
      return new ResidualBlock(opens ? channels[stage - 1]! : depth, depth, opens ? 2 : 1);
    }),
  );
  return new Sequential(
    ...convolution(1, first, 3),
    new ReLU(),
    ...stages,
    new AdaptiveAvgPool2d(1),
    new Flatten(),
    ...optional(dropout > 0, () => new Dropout(dropout)),
    new Linear(channels.at(-1)!, classes.length),
  );
}

/** relu(body(x) + shortcut(x)); the shortcut is x itself where the shape stays. */
class ResidualBlock extends Module {
  readonly body: Sequential;
  readonly shortcut: Sequential;

  constructor(from: number, to: number, stride: number) {
    super();
    this.body = new Sequential(...convolution(from, to, 3, stride), new ReLU(), ...convolution(to, to, 3));
    const same = from === to && stride === 1;
    this.shortcut = new Sequential(...(same ? [] : convolution(from, to, 1, stride)));
  }

  override forward(x: Tensor): Tensor {
    return this.body.forward(x).add(this.shortcut.forward(x)).relu();
  }
}

/** A convolution that keeps the size but for its stride, and its batch norm. */
function convolution(from: number, to: number, size: 1 | 3, stride: number = 1): Module[] {
  return [new Conv2d(from, to, size, { stride, padding: (size - 1) / 2, bias: false }), new BatchNorm2d(to)];
}
