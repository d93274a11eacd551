import { z } from 'zod';
import { count, fraction, nonNegative, type Shape } from './parts.ts';

export interface ConstantConfiguration {
  readonly name: 'none';
}

const none = z.strictObject({
  name: z
    .literal('none')
    .describe('Schedule of the learning rate: a change after every epoch; onecycle: after every step.'),
} satisfies Shape<ConstantConfiguration>);

export interface StepConfiguration {
  readonly name: 'step';
  readonly stepSize: number;
  readonly gamma: number;
}

const step = z.strictObject({
  name: z.literal('step'),
  stepSize: count.describe('Epochs between two reductions.'),
  gamma: nonNegative.default(0.1).describe('Factor of the rate at each reduction.'),
} satisfies Shape<StepConfiguration>);

export interface ExponentialConfiguration {
  readonly name: 'exponential';
  readonly gamma: number;
}

const exponential = z.strictObject({
  name: z.literal('exponential'),
  gamma: nonNegative.describe('Factor of the rate after every epoch.'),
} satisfies Shape<ExponentialConfiguration>);

export interface CosineConfiguration {
  readonly name: 'cosine';
  readonly tMax?: number;
  readonly etaMin: number;
}

const cosine = z.strictObject({
  name: z.literal('cosine'),
  tMax: count.exactOptional().describe('Epochs until the least rate; without it, all of train.epochs.'),
  etaMin: nonNegative.default(0).describe('The least rate.'),
} satisfies Shape<CosineConfiguration>);

export interface LinearConfiguration {
  readonly name: 'linear';
  readonly startFactor: number;
  readonly endFactor: number;
  readonly totalIters: number;
}

const linear = z.strictObject({
  name: z.literal('linear'),
  startFactor: z
    .number()
    .gt(0)
    .max(1)
    .default(1 / 3)
    .describe('Factor of the rate in the first epoch.'),
  endFactor: z.number().min(0).max(1).default(1).describe('Factor of the rate from totalIters on.'),
  totalIters: count.default(5).describe('Epochs from the first factor to the last.'),
} satisfies Shape<LinearConfiguration>);

export interface OneCycleConfiguration {
  readonly name: 'onecycle';
  readonly maxLr: number;
  readonly pctStart: number;
  readonly annealStrategy: 'cos' | 'linear';
  readonly cycleMomentum: boolean;
  readonly baseMomentum: number;
  readonly maxMomentum: number;
  readonly divFactor: number;
  readonly finalDivFactor: number;
  readonly threePhase: boolean;
}

const onecycle = z.strictObject({
  name: z.literal('onecycle'),
  maxLr: nonNegative.describe('The greatest rate; optimizer.lr is not used.'),
  pctStart: z.number().min(0).max(1).default(0.3).describe('Share of the training in which the rate rises.'),
  annealStrategy: z.enum(['cos', 'linear']).default('cos').describe('Form of the rise and the fall.'),
  cycleMomentum: z
    .boolean()
    .default(true)
    .describe('Lower momentum, or the first of betas, while the rate rises.'),
  baseMomentum: fraction.default(0.85).describe('Momentum at the greatest rate.'),
  maxMomentum: fraction.default(0.95).describe('Momentum at the beginning and at the end.'),
  divFactor: z.number().gt(0).default(25).describe('The first rate is maxLr divided by this.'),
  finalDivFactor: z.number().gt(0).default(1e4).describe('The last rate is the first divided by this.'),
  threePhase: z
    .boolean()
    .default(false)
    .describe('Fall to the first rate at the pace of the rise, and then to the last rate.'),
} satisfies Shape<OneCycleConfiguration>);

export interface PlateauConfiguration {
  readonly name: 'plateau';
  readonly metric: 'loss' | 'accuracy';
  readonly factor: number;
  readonly patience: number;
  readonly threshold: number;
  readonly thresholdMode: 'rel' | 'abs';
  readonly cooldown: number;
  readonly minLr: number;
  readonly eps: number;
}

const plateau = z.strictObject({
  name: z.literal('plateau'),
  metric: z
    .enum(['loss', 'accuracy'])
    .default('loss')
    .describe('Validation metric: the loss should fall, or the accuracy rise.'),
  factor: fraction.default(0.1).describe('Factor of the rate at each reduction.'),
  patience: z.int().min(0).default(10).describe('Epochs without improvement before the rate is reduced.'),
  threshold: nonNegative.default(1e-4).describe('Least improvement that counts.'),
  thresholdMode: z
    .enum(['rel', 'abs'])
    .default('rel')
    .describe('Whether threshold is relative to the best value.'),
  cooldown: z.int().min(0).default(0).describe('Epochs after a reduction that are not counted.'),
  minLr: nonNegative.default(0).describe('The least rate.'),
  eps: nonNegative.default(1e-8).describe('Smaller changes of the rate are skipped.'),
} satisfies Shape<PlateauConfiguration>);

export type ScheduleConfiguration =
  | ConstantConfiguration
  | StepConfiguration
  | ExponentialConfiguration
  | CosineConfiguration
  | LinearConfiguration
  | OneCycleConfiguration
  | PlateauConfiguration;

export const schedule: z.ZodType<ScheduleConfiguration> = z
  .discriminatedUnion('name', [none, step, exponential, cosine, linear, onecycle, plateau])
  .prefault({ name: 'none' });
