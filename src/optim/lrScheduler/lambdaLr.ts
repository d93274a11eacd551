import { FUNCTION, type Kind, type Maybe, signature } from '../../tensor/arguments.ts';
import { ArgumentError } from '../../tensor/errors.ts';
import { either, listOf } from '../../tensor/kinds.ts';
import type { Optimizer } from '../optimizer.ts';
import { LAST_EPOCH, LRScheduler, OPTIMIZER, type SchedulerOptions } from './scheduler.ts';

type Factor = (epoch: number) => number;

const FACTOR: Kind = either(FUNCTION, listOf(FUNCTION));
const takes = signature<SchedulerOptions>('LambdaLR', { ...OPTIMIZER, lrLambda: FACTOR }, LAST_EPOCH);

/**
 * Multiplies the first rate by a function of the epoch.
 *
 *     lr(e) = lr(0) · lrLambda(e)
 *
 * Source: PyTorch's torch.optim.lr_scheduler.LambdaLR.
 *
 * @param lrLambda one function for all groups, or one per group
 * @throws ArgumentError for another number of functions than groups, or a factor that is not a finite number
 * @example new LambdaLR(optimizer, (epoch) => 0.95 ** epoch)
 */
export class LambdaLR extends LRScheduler {
  readonly #factors: readonly Factor[];

  constructor(
    optimizer: Optimizer,
    lrLambda: Factor | readonly Factor[],
    ...rest: [options?: Maybe<SchedulerOptions>] | [lastEpoch: Maybe<number>]
  ) {
    const options = takes([optimizer, lrLambda, ...rest]);
    super(optimizer, options);
    const { length } = optimizer.paramGroups;
    this.#factors = typeof lrLambda === 'function' ? new Array<Factor>(length).fill(lrLambda) : [...lrLambda];
    if (this.#factors.length !== length) {
      throw new ArgumentError('LambdaLR', 'lrLambda does not fit', {
        takes: `a function, or ${length} functions, one per group`,
        got: `${this.#factors.length} functions`,
      });
    }
    this.start();
  }

  protected override rates(): number[] {
    return this.baseLrs.map((base, index) => {
      const factor: unknown = this.#factors[index]!(this.lastEpoch);
      if (Number.isFinite(factor)) return base * (factor as number);
      throw new ArgumentError('LambdaLR', 'lrLambda returned no number', {
        takes: 'a function that returns a finite number',
        got: String(factor),
      });
    });
  }
}
