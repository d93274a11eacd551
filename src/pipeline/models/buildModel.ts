import type { Module } from '../../nn/index.ts';
import { manualSeed } from '../../tensor/random.ts';
import type { Configuration, ModelConfiguration } from '../config/schema.ts';
import type { NetworkShape } from '../data/description.ts';
import { Autoencoder } from './autoencoder.ts';
import { buildCnn } from './cnn.ts';
import { buildMlp } from './mlp.ts';
import { buildResnet } from './resnet.ts';
import { buildVit } from './vit.ts';

/** The network of a configuration with its first weights, which follow from the configuration's seed. */
export function initialModel({ seed, model }: Configuration, shape: NetworkShape): Module {
  manualSeed(seed);
  return buildModel(model, shape);
}

/**
 * The network that a configuration describes; its weights come from the current seed.
 *
 * @param shape the images that it takes, and the classes
 * @throws ConfigurationError where the images do not fit the network
 */
export function buildModel(model: ModelConfiguration, shape: NetworkShape): Module {
  switch (model.name) {
    case 'mlp':
      return buildMlp(model, shape);
    case 'cnn':
      return buildCnn(model, shape);
    case 'resnet':
      return buildResnet(model, shape);
    case 'vit':
      return buildVit(model, shape);
    case 'autoencoder':
      return new Autoencoder(model, shape);
  }
}
