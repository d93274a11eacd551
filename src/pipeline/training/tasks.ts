import type { Module } from '../../nn/index.ts';
import { binaryCrossEntropyWithLogits } from '../../ops/binaryCrossEntropyWithLogits.ts';
import { crossEntropy } from '../../ops/crossEntropy.ts';
import '../../ops/methods.ts';
import { autocast, type AutocastType } from '../../tensor/autocast.ts';
import { type TaskName, taskOf } from '../config/task.ts';
import type { ModelConfiguration } from '../config/schema.ts';
import type { Batch } from '../data/loader.ts';
import { asAutoencoder } from '../models/autoencoder.ts';
import type { Evaluation } from '../runs/summary.ts';
import type { Means, Measured } from './meter.ts';

export type { Evaluation } from '../runs/summary.ts';

/** How a classifier does on some images. */
export interface ClassifierEvaluation extends Evaluation {
  readonly accuracy: number;
}

/** How an autoencoder does on some images. */
export interface AutoencoderEvaluation extends Evaluation {
  readonly reconstruction: number;
  readonly kl: number;
}

export interface BatchOptions {
  /** See `crossEntropy`; default 0. */
  readonly labelSmoothing?: number | undefined;
  /** To which the factors of the model's products are rounded; default float32. */
  readonly precision?: AutocastType;
}

/** What a model learns: the loss of a batch, and what is measured. */
export interface Task<E extends Evaluation = Evaluation, M extends Measured = Measured> {
  readonly name: TaskName;
  /** The terms of the loss that a meter keeps. */
  readonly terms: number;
  /** The loss, a mean over the images of the batch, and what is measured of it. */
  measure(model: Module, batch: Batch, options?: BatchOptions): M;
  evaluation(means: Means): E;
}

/** Cross-entropy and accuracy. */
export const classification: Task<ClassifierEvaluation, Required<Pick<Measured, 'loss' | 'classified'>>> = {
  name: 'classification',
  terms: 0,
  measure(model, { images, labels }, { labelSmoothing = 0, precision = 'float32' } = {}) {
    const logits = autocast(precision, () => model.forward(images));
    return { loss: crossEntropy(logits, labels, { labelSmoothing }), classified: { logits, labels } };
  },
  evaluation: ({ accuracy, loss }) => ({ accuracy, loss }),
};

/**
 * The negative evidence lower bound of a variational autoencoder, of images x of grey values from 0 to 1:
 *
 *     loss = reconstruction + kl
 *     reconstruction = -Σ_pixels x · log p + (1 - x) · log(1 - p),   p the rebuilt image
 *     kl = ½ Σ_code mean² + variance - log variance - 1
 *
 * An evaluation rebuilds images from the means of their codes, so it has the same value each time.
 */
export const reconstruction: Task<AutoencoderEvaluation> = {
  name: 'reconstruction',
  terms: 2,
  measure(model, { images }, { precision = 'float32' } = {}) {
    const network = asAutoencoder(model);
    const [mean, logVariance, logits] = autocast(precision, () => {
      const [mean, logVariance] = network.encode(images);
      const codes = network.training ? network.sample(mean, logVariance) : mean;
      return [mean, logVariance, network.decode(codes)];
    });
    const count = images.shape[0]!;
    const crossEntropies = binaryCrossEntropyWithLogits(logits, images, { reduction: 'sum' }).div(count);
    const kl = mean
      .square()
      .add(logVariance.exp())
      .sub(logVariance)
      .sub(1)
      .sum()
      .mul(0.5 / count);
    return { loss: crossEntropies.add(kl), terms: [crossEntropies, kl] };
  },
  evaluation: ({ loss, terms: [reconstruction = NaN, kl = NaN] }) => ({ loss, reconstruction, kl }),
};

/** What a model learns. */
export function taskFor(model: Pick<ModelConfiguration, 'name'>): Task {
  return { classification, reconstruction }[taskOf(model)];
}
