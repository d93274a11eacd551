import { z } from 'zod';
import { fraction, nonNegative, type Shape } from './parts.ts';

/** The keys that adam and adamw share. */
interface AdamFamily {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
}

const betas = (usual: readonly [number, number]): z.ZodType<readonly [number, number]> =>
  z
    .tuple([fraction, fraction])
    .default([...usual])
    .describe('Decay rates of the running means of the gradient and of its square.');
const eps = (usual: number): z.ZodType<number> =>
  nonNegative.default(usual).describe('Added to the denominator, so that it is never zero.');
const penalty = nonNegative.default(0).describe('L2 penalty, added to the gradient.');

const adamFamily = {
  lr: nonNegative.default(1e-3).describe('Learning rate.'),
  betas: betas([0.9, 0.999]),
  eps: eps(1e-8),
} satisfies Shape<Omit<AdamFamily, 'weightDecay'>>;

export interface AdamConfiguration extends AdamFamily {
  readonly name: 'adam';
}

const adam = z.strictObject({
  name: z.literal('adam').describe('Optimizer.'),
  ...adamFamily,
  weightDecay: penalty,
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
    weightDecay: penalty,
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
  eps: eps(1e-8),
  weightDecay: penalty,
  momentum: nonNegative.default(0).describe('Share of the previous update that is kept.'),
  centered: z
    .boolean()
    .default(false)
    .describe('Scale by the variance of the gradient, not by its mean square.'),
} satisfies Shape<RmsPropConfiguration>);

export interface AdagradConfiguration {
  readonly name: 'adagrad';
  readonly lr: number;
  readonly lrDecay: number;
  readonly weightDecay: number;
  readonly initialAccumulatorValue: number;
  readonly eps: number;
}

const adagrad = z.strictObject({
  name: z.literal('adagrad').describe('Optimizer.'),
  lr: nonNegative.default(1e-2).describe('Learning rate.'),
  lrDecay: nonNegative.default(0).describe('Step t uses lr / (1 + (t - 1) · lrDecay).'),
  weightDecay: penalty,
  initialAccumulatorValue: nonNegative.default(0).describe('Sum of squared gradients at the start.'),
  eps: eps(1e-10),
} satisfies Shape<AdagradConfiguration>);

export interface NAdamConfiguration {
  readonly name: 'nadam';
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  readonly momentumDecay: number;
}

const nadam = z.strictObject({
  name: z.literal('nadam').describe('Optimizer.'),
  lr: nonNegative.default(2e-3).describe('Learning rate.'),
  betas: betas([0.9, 0.999]),
  eps: eps(1e-8),
  weightDecay: penalty,
  momentumDecay: nonNegative.default(4e-3).describe('How fast the momentum grows to the first of betas.'),
} satisfies Shape<NAdamConfiguration>);

export interface RAdamConfiguration {
  readonly name: 'radam';
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
}

const radam = z.strictObject({
  name: z.literal('radam').describe('Optimizer.'),
  lr: nonNegative.default(1e-3).describe('Learning rate.'),
  betas: betas([0.9, 0.999]),
  eps: eps(1e-8),
  weightDecay: penalty,
} satisfies Shape<RAdamConfiguration>);

export interface LionConfiguration {
  readonly name: 'lion';
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly weightDecay: number;
}

const lion = z.strictObject({
  name: z.literal('lion').describe('Optimizer.'),
  lr: nonNegative.default(1e-4).describe('Learning rate.'),
  betas: z
    .tuple([fraction, fraction])
    .default([0.9, 0.99])
    .describe('Share of the running mean of the gradient in a step, and its decay rate.'),
  weightDecay: nonNegative
    .default(0)
    .describe('Decoupled decay: a step shrinks the weights by this times the learning rate.'),
} satisfies Shape<LionConfiguration>);

export type OptimizerConfiguration =
  | AdagradConfiguration
  | AdamConfiguration
  | AdamWConfiguration
  | LionConfiguration
  | NAdamConfiguration
  | RAdamConfiguration
  | RmsPropConfiguration
  | SgdConfiguration;

export const optimizer: z.ZodType<OptimizerConfiguration> = z.discriminatedUnion('name', [
  adam,
  adamw,
  sgd,
  rmsprop,
  adagrad,
  nadam,
  radam,
  lion,
]);
