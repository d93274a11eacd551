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

export type ModelConfiguration = MlpConfiguration | CnnConfiguration;

export const model: z.ZodType<ModelConfiguration> = z.discriminatedUnion('name', [mlp, cnn]);
