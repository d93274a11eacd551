import { Conv2d, init, LayerNorm, Linear, Module, Sequential, TransformerEncoderLayer } from '../../nn/index.ts';
import '../../ops/methods.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { ConfigurationError } from '../config/error.ts';
import type { VitConfiguration } from '../config/schema.ts';
import type { NetworkShape } from '../data/description.ts';

/**
 * A vision transformer: square patches of the image become tokens, which attend to each other; their mean is classified.
 *
 * Source: Dosovitskiy et al.: An Image is Worth 16x16 Words (ICLR 2021); the mean of the tokens instead of a class token as in
 * Beyer, Zhai and Kolesnikov: Better plain ViT baselines for ImageNet-1k (2022).
 *
 * @throws ConfigurationError where patches do not cover the images exactly, or heads do not divide the width
 */
export function buildVit(
  { patchSize, width, depth, heads, dropout }: VitConfiguration,
  { height, width: columns, classes }: NetworkShape,
): Sequential {
  if (height % patchSize !== 0 || columns % patchSize !== 0) {
    throw new ConfigurationError(
      `model.patchSize: takes a size that divides height and width of the images (${height} × ${columns} pixels); got ${patchSize}`,
    );
  }
  if (width % heads !== 0) {
    throw new ConfigurationError(
      `model.heads: takes a number that divides model.width (${width}); got ${heads}`,
    );
  }
  const tokens = (height / patchSize) * (columns / patchSize);
  const options = {
    dimFeedforward: 2 * width,
    dropout,
    activation: 'gelu',
    batchFirst: true,
    normFirst: true,
  } as const;
  return new Sequential(
    new PatchEmbedding(patchSize, width, tokens),
    ...Array.from({ length: depth }, () => new TransformerEncoderLayer(width, heads, options)),
    new LayerNorm(width),
    new MeanOfTokens(),
    new Linear(width, classes.length),
  );
}

/** Images [N, 1, height, width] become tokens [N, patches, width], each with its position added. */
class PatchEmbedding extends Module {
  readonly projection: Conv2d;
  readonly positions: Tensor;

  constructor(patchSize: number, width: number, tokens: number) {
    super();
    this.projection = new Conv2d(1, width, patchSize, { stride: patchSize });
    this.positions = init.normal([tokens, width], 0, 0.02, { requiresGrad: true });
  }

  override forward(images: Tensor): Tensor {
    return this.projection.forward(images).flatten(2).transpose(1, 2).add(this.positions);
  }
}

/** [N, tokens, width] becomes [N, width]. */
class MeanOfTokens extends Module {
  override forward(tokens: Tensor): Tensor {
    return tokens.mean(1);
  }
}
