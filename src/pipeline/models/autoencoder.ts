import { WgradError } from '../../backend/errors.ts';
import { Conv2d, ConvTranspose2d, Flatten, Linear, Module, ReLU, Sequential } from '../../nn/index.ts';
import '../../ops/methods.ts';
import { randn } from '../../tensor/random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { AutoencoderConfiguration } from '../config/schema.ts';
import type { NetworkShape } from '../data/description.ts';

/**
 * A variational autoencoder. Convolutions of stride 2 turn an image into the mean and the log variance of its code;
 * transposed convolutions turn a code into the logits of an image. Each halving rounds up, so images of any size fit.
 *
 * Source: Kingma and Welling: Auto-Encoding Variational Bayes (ICLR 2014).
 */
export class Autoencoder extends Module {
  /** Numbers of a code. */
  readonly latent: number;
  readonly encoder: Sequential;
  readonly decoder: Sequential;
  readonly #smallest: readonly [channels: number, height: number, width: number];

  constructor({ channels, latent }: AutoencoderConfiguration, { height, width }: NetworkShape) {
    super();
    this.latent = latent;
    const depths = [1, ...channels];
    // A convolution of stride 2 rounds up.
    const sizes = depths.map((_, halvings) => [height, width].map((side) => Math.ceil(side / 2 ** halvings)));
    this.#smallest = [channels.at(-1)!, ...(sizes.at(-1) as [number, number])];
    const features = this.#smallest.reduce((product, size) => product * size);
    this.encoder = new Sequential(
      ...channels.flatMap((depth, at) => [
        new Conv2d(depths[at]!, depth, 3, { stride: 2, padding: 1 }),
        new ReLU(),
      ]),
      new Flatten(),
      new Linear(features, 2 * latent),
    );
    this.decoder = new Sequential(
      new Linear(latent, features),
      new ReLU(),
      new Images(this.#smallest),
      ...channels.flatMap((_, step) => {
        const at = channels.length - 1 - step;
        // Of stride 2 and padding 1, a kernel of 4 doubles a side, and one of 3 gives one pixel less.
        const kernel = sizes[at]!.map((side) => (side % 2 === 0 ? 4 : 3)) as [number, number];
        const enlarged = new ConvTranspose2d(depths[at + 1]!, depths[at]!, kernel, { stride: 2, padding: 1 });
        return at > 0 ? [enlarged, new ReLU()] : [enlarged];
      }),
    );
  }

  /** Images [N, 1, height, width] become mean and log variance of their codes, [N, latent] each. */
  encode(images: Tensor): [mean: Tensor, logVariance: Tensor] {
    return this.encoder.forward(images).chunk(2, 1) as [Tensor, Tensor];
  }

  /** Codes drawn from normal distributions: mean + e^(logVariance / 2) · ε, ε from the standard one. */
  sample(mean: Tensor, logVariance: Tensor): Tensor {
    const noise = randn(mean.shape, { device: mean.device });
    return mean.add(noise.mul(logVariance.mul(0.5).exp()));
  }

  /** Codes [N, latent] become logits of grey values [N, 1, height, width]. */
  decode(codes: Tensor): Tensor {
    return this.decoder.forward(codes);
  }

  /** The logits of the images again: from the means of their codes, and in training mode from drawn codes. */
  override forward(images: Tensor): Tensor {
    const [mean, logVariance] = this.encode(images);
    return this.decode(this.training ? this.sample(mean, logVariance) : mean);
  }
}

/** A model as an autoencoder. @throws WgradError for another one */
export function asAutoencoder(model: Module): Autoencoder {
  if (model instanceof Autoencoder) return model;
  throw new WgradError(`takes an autoencoder; got ${model.constructor.name}`);
}

/** [N, features] becomes [N, channels, height, width]. */
class Images extends Module {
  readonly shape: readonly number[];

  constructor(shape: readonly number[]) {
    super();
    this.shape = shape;
  }

  override forward(features: Tensor): Tensor {
    return features.reshape(-1, ...this.shape);
  }
}
