import { z } from 'zod';
import { count, fraction, type Shape } from './parts.ts';

export interface MlpConfiguration {
  readonly name: 'mlp';
  readonly hidden: readonly number[];
  readonly dropout: number;
}

const mlp = z.strictObject({
  name: z.literal('mlp').describe('Architecture.'),
  hidden: z
    .array(count)
    .default([256, 128])
    .describe('Widths of the hidden layers; an empty list gives softmax regression.'),
  dropout: fraction.default(0).describe('Probability of zeroing a hidden activation while training.'),
} satisfies Shape<MlpConfiguration>);

export interface CnnConfiguration {
  readonly name: 'cnn';
  readonly channels: readonly number[];
  readonly kernelSize: number;
  readonly batchNorm: boolean;
  readonly hidden: readonly number[];
  readonly dropout: number;
}

const cnn = z.strictObject({
  name: z.literal('cnn').describe('Architecture.'),
  channels: z
    .array(count)
    .min(1)
    .max(4)
    .default([32, 64])
    .describe('Channels of the convolution blocks; each halves height and width by max pooling.'),
  kernelSize: count
    .max(9)
    .refine((size) => size % 2 === 1, 'an odd number')
    .default(3)
    .describe('Height and width of the convolutions, odd; the borders are padded to keep the size.'),
  batchNorm: z.boolean().default(true).describe('Normalise each channel between convolution and ReLU.'),
  hidden: z.array(count).default([128]).describe('Widths of the hidden layers of the dense head.'),
  dropout: fraction
    .default(0)
    .describe('Probability of zeroing an input of each dense layer while training.'),
} satisfies Shape<CnnConfiguration>);

export interface ResnetConfiguration {
  readonly name: 'resnet';
  readonly channels: readonly number[];
  readonly blocks: number;
  readonly dropout: number;
}

const resnet = z.strictObject({
  name: z.literal('resnet').describe('Architecture.'),
  channels: z
    .array(count)
    .min(1)
    .max(6)
    .default([32, 64, 128])
    .describe('Channels of the stages; each after the first halves height and width.'),
  blocks: count.default(1).describe('Residual blocks of each stage, of two convolutions 3 × 3.'),
  dropout: fraction.default(0).describe('Probability of zeroing an input of the dense layer while training.'),
} satisfies Shape<ResnetConfiguration>);

export interface VitConfiguration {
  readonly name: 'vit';
  readonly patchSize: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly dropout: number;
}

const vit = z.strictObject({
  name: z.literal('vit').describe('Architecture.'),
  patchSize: count
    .default(4)
    .describe('Height and width of the patches; they have to cover the images exactly.'),
  width: count.default(64).describe('Features of a token.'),
  depth: count.default(4).describe('Layers of attention and a hidden layer of twice the width.'),
  heads: count.default(4).describe('Heads of the attention; they divide the width.'),
  dropout: fraction.default(0).describe('Probability of zeroing an activation in the layers while training.'),
} satisfies Shape<VitConfiguration>);

export interface AutoencoderConfiguration {
  readonly name: 'autoencoder';
  readonly channels: readonly number[];
  readonly latent: number;
}

const autoencoder = z.strictObject({
  name: z.literal('autoencoder').describe('Architecture.'),
  channels: z
    .array(count)
    .min(1)
    .max(6)
    .default([16, 32])
    .describe(
      'Channels of the convolutions, each of which halves height and width; the decoder doubles them.',
    ),
  latent: count.default(20).describe('Numbers of the code of an image.'),
} satisfies Shape<AutoencoderConfiguration>);

export type ModelConfiguration =
  MlpConfiguration | CnnConfiguration | ResnetConfiguration | VitConfiguration | AutoencoderConfiguration;

export const model: z.ZodType<ModelConfiguration> = z.discriminatedUnion('name', [
  mlp,
  cnn,
  resnet,
  vit,
  autoencoder,
]);
