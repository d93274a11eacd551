import { z } from 'zod';
import { count, type Shape } from './parts.ts';

/** How a sweep stops bad trials early. */
export interface EarlyStoppingOfTrials {
  readonly name: 'asha';
  readonly reductionFactor: number;
  readonly minEpochs: number;
}

const earlyStopping = z.strictObject({
  name: z
    .literal('asha')
    .describe('Stop bad trials early, by asynchronous successive halving; needs validation images.'),
  reductionFactor: z
    .int()
    .min(2)
    .default(3)
    .describe('One of so many trials goes on at a rung; also the factor between the epochs of rungs.'),
  minEpochs: count.default(1).describe('Epochs of the first rung.'),
} satisfies Shape<EarlyStoppingOfTrials>);

/** How `--sweep` varies a configuration. */
export interface SweepConfiguration {
  readonly axes: readonly string[];
  readonly search: 'grid' | 'random' | 'tpe';
  readonly trials?: number;
  readonly seed?: number;
  readonly startupTrials: number;
  readonly parallel?: number;
  readonly earlyStopping?: EarlyStoppingOfTrials;
}

export const sweep: z.ZodType<SweepConfiguration> = z
  .strictObject({
    axes: z
      .array(z.string().min(1))
      .default([])
      .describe('What varies, as on the command line: optimizer.lr=log(1e-4,1e-2); words there win.'),
    search: z
      .enum(['grid', 'random', 'tpe'])
      .default('grid')
      .describe('All combinations, random ones, or those that a tree-structured Parzen estimator suggests.'),
    trials: count.max(999_999).exactOptional().describe('Trials of a random or tpe sweep.'),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .exactOptional()
      .describe('Seed of the draws; default: that of the configuration.'),
    startupTrials: count.default(10).describe('Results that tpe waits for; it draws at random before.'),
    parallel: count
      .max(1000)
      .exactOptional()
      .describe('Trials of tpe at a time; default: --jobs, 4 with --queue.'),
    earlyStopping: earlyStopping.exactOptional(),
  } satisfies Shape<SweepConfiguration>)
  .refine(({ search, trials }) => (search === 'grid') === (trials === undefined), {
    path: ['trials'],
    error: 'a whole number ≥ 1 with search random or tpe; nothing with grid, which trains all combinations',
    when: ({ value, issues }) => issues.length === 0 && value !== undefined,
  });
