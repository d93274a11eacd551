import { z } from 'zod';
import { fraction, nonNegative, type Shape } from './parts.ts';

/** The keys that adam and adamw share. */
interface AdamFamily {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
}

const adamFamily = {
  lr: nonNegative.default(1e-3).describe('Learning rate.'),
  betas: z
    .tuple([fraction, fraction])
    .default([0.9, 0.999])
    .describe('Decay rates of the running means of the gradient and of its square.'),
  eps: nonNegative.default(1e-8).describe('Added to the denominator, so that it is never zero.'),
} satisfies Shape<Omit<AdamFamily, 'weightDecay'>>;

export interface AdamConfiguration extends AdamFamily {
  readonly name: 'adam';
}

const adam = z.strictObject({
  name: z.literal('adam').describe('Optimizer.'),
  ...adamFamily,
  weightDecay: nonNegative.default(0).describe('L2 penalty, added to the gradient.'),
} satisfies Shape<AdamConfiguration>);

export interface AdamWConfiguration extends AdamFamily {
  readonly name: 'adamw';
}

const adamw = z.strictObject({
  name: z.literal('adamw').describe('Optimizer.'),
  ...adamFamily,
  weightDecay: nonNegative
    .default(0.01)
    .describe('Decoupled decay: a step shrinks the weights by this times the learning rate.'),
} satisfies Shape<AdamWConfiguration>);

export interface SgdConfiguration {
  readonly name: 'sgd';
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

const sgd = z
  .strictObject({
    name: z.literal('sgd').describe('Optimizer.'),
    lr: nonNegative.default(1e-3).describe('Learning rate.'),
    momentum: nonNegative.default(0).describe('Share of the previous update that is kept.'),
    dampening: z.number().default(0).describe('Share of the gradient kept out of the momentum buffer.'),
    weightDecay: nonNegative.default(0).describe('L2 penalty, added to the gradient.'),
    nesterov: z
      .boolean()
      .default(false)
      .describe('Nesterov momentum; needs momentum > 0 and dampening 0, as in PyTorch.'),
  } satisfies Shape<SgdConfiguration>)
  .refine((options) => !options.nesterov || (options.momentum > 0 && options.dampening === 0), {
    path: ['nesterov'],
    error: 'true only with momentum > 0 and dampening 0',
    // By default zod skips this check while any other key is wrong.
    when: ({ value }) => {
      const { momentum, dampening } = value as Partial<Record<string, unknown>>;
      return typeof momentum === 'number' && typeof dampening === 'number';
    },
  });

export interface RmsPropConfiguration {
  readonly name: 'rmsprop';
  readonly lr: number;
  readonly alpha: number;
  readonly eps: number;
  readonly weightDecay: number;
  readonly momentum: number;
  readonly centered: boolean;
}

const rmsprop = z.strictObject({
  name: z.literal('rmsprop').describe('Optimizer.'),
  lr: nonNegative.default(1e-2).describe('Learning rate.'),
  alpha: nonNegative.default(0.99).describe('Decay rate of the running mean of the squared gradient.'),
  eps: nonNegative.default(1e-8).describe('Added to the denominator, so that it is never zero.'),
  weightDecay: nonNegative.default(0).describe('L2 penalty, added to the gradient.'),
  momentum: nonNegative.default(0).describe('Share of the previous update that is kept.'),
  centered: z
    .boolean()
    .default(false)
    .describe('Scale by the variance of the gradient, not by its mean square.'),
} satisfies Shape<RmsPropConfiguration>);

export type OptimizerConfiguration =
  AdamConfiguration | AdamWConfiguration | RmsPropConfiguration | SgdConfiguration;

export const optimizer: z.ZodType<OptimizerConfiguration> = z.discriminatedUnion('name', [
  adam,
  adamw,
  sgd,
  rmsprop,
]);
