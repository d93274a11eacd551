import { z } from 'zod';
import { count, fraction, nonNegative, type Shape } from './parts.ts';

type Metric = 'loss' | 'accuracy';

export interface BestConfiguration {
  readonly metric: Metric;
  readonly mode?: 'min' | 'max';
}

const mode = z
  .enum(['min', 'max'])
  .exactOptional()
  .describe('Whether less or more is better; default: min for the loss, max otherwise.');

const best = z.strictObject({
  metric: z
    .enum(['loss', 'accuracy'])
    .default('accuracy')
    .describe('Validation metric that selects the best weights; by default the loss for an autoencoder.'),
  mode,
} satisfies Shape<BestConfiguration>);

export interface EarlyStoppingConfiguration {
  readonly metric: Metric;
  readonly patience: number;
  readonly minDelta: number;
  readonly mode?: 'min' | 'max';
}

const earlyStopping = z.strictObject({
  metric: z
    .enum(['loss', 'accuracy'])
    .default('loss')
    .describe('Validation metric; any key of this section turns early stopping on.'),
  patience: count.default(3).describe('Epochs without improvement after which the training ends.'),
  minDelta: nonNegative.default(0).describe('Least improvement that counts.'),
  mode,
} satisfies Shape<EarlyStoppingConfiguration>);

export interface TrainConfiguration {
  readonly epochs: number;
  readonly maxMinutes?: number;
  readonly batchSize: number;
  readonly accumulate: number;
  readonly clipGradNorm?: number;
  readonly labelSmoothing?: number;
  readonly emaDecay?: number;
  readonly precision: 'float32' | 'float16';
  readonly limitTrain?: number;
  readonly limitTest?: number;
  readonly capture: boolean;
  readonly logEvery: number;
  readonly checkpointEvery: number;
  readonly keepLast: number;
  readonly best: BestConfiguration;
  readonly earlyStopping?: EarlyStoppingConfiguration;
}

export const train: z.ZodType<TrainConfiguration> = z
  .strictObject({
    epochs: count.default(10).describe('Passes over the training set.'),
    maxMinutes: z
      .number()
      .gt(0)
      .exactOptional()
      .describe('Stop after these minutes, over all resumptions, with a checkpoint.'),
    batchSize: count.default(128).describe('Images a batch.'),
    accumulate: count.default(1).describe('Batches a step; the gradient is the mean over all their images.'),
    clipGradNorm: nonNegative
      .exactOptional()
      .describe('Scale the gradients of a step down where their joint norm is greater than this.'),
    labelSmoothing: z
      .number()
      .min(0)
      .max(1)
      .exactOptional()
      .describe('Share of the target that all classes get alike, in the training loss only.'),
    emaDecay: fraction
      .exactOptional()
      .describe(
        'Decay a step of an exponential moving average of the weights, which is evaluated and kept instead of them; such as 0.999.',
      ),
    precision: z
      .enum(['float32', 'float16'])
      .default('float32')
      .describe(
        'Rounding of the factors of products and convolutions in training steps; with float16 the loss is scaled. Weights, sums and evaluations are float32.',
      ),
    limitTrain: count.exactOptional().describe('Train on this many images only (for quick checks).'),
    limitTest: count.exactOptional().describe('Test on this many images only (for quick checks).'),
    capture: z
      .boolean()
      .default(true)
      .describe('Record the launches of a step once and replay them; false: run every step without replay.'),
    logEvery: count.default(50).describe('Steps between two read-backs of the training metrics.'),
    checkpointEvery: count
      .default(250)
      .describe(
        'Steps between two checkpoints, rounded up to the next read-back; an epoch also ends with one.',
      ),
    keepLast: count
      .default(2)
      .describe('Checkpoints to keep besides the best: where the newest is corrupt, the one before is used.'),
    best: best.prefault({}),
    earlyStopping: earlyStopping.exactOptional(),
  } satisfies Shape<TrainConfiguration>)
  .prefault({});
