import '../tensor/disposable.ts';
import type { Backend } from '../backend/backend.ts';
import { HostValue } from '../backend/recorder.ts';
import { type Kind, type Rest, signature, takesNothing } from '../tensor/arguments.ts';
import { copyInto } from '../tensor/dense.ts';
import { checkDevice } from '../tensor/checks.ts';
import { full, tensor, zeros } from '../tensor/create.ts';
import { defaultDevice } from '../tensor/device.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { DEVICE, REAL, TENSOR } from '../tensor/kinds.ts';
import { disown, own, type Owned, scope, unscoped } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { gradientsToChange, neighbours } from './gradientRuns.ts';
import { Optimizer } from './optimizer.ts';

/** Options of GradScaler. */
export interface GradScalerOptions {
  /** The first scale; defaults to 65536. */
  initScale?: number;
  /** The factor of the scale after `growthInterval` good steps; defaults to 2. */
  growthFactor?: number;
  /** The factor of the scale after a gradient that is not finite; defaults to 0.5. */
  backoffFactor?: number;
  /** Defaults to 2000. */
  growthInterval?: number;
  /** Defaults to the device that `init` opened last. */
  device?: Backend;
}

/** The state of a scaler, as JSON. */
export interface GradScalerState {
  readonly scale: number;
  /** Good steps since the last change of the scale. */
  readonly growthTracker: number;
  /** Skipped steps. */
  readonly skipped: number;
}

const OPTIMIZER: Kind = { takes: 'an optimizer', fits: (value) => value instanceof Optimizer };
const STATE: Kind = {
  takes: 'the state that stateDict returned: { scale, growthTracker, skipped }',
  fits: (value) => {
    const { scale, growthTracker, skipped } = (value ?? {}) as Partial<GradScalerState>;
    return [scale, growthTracker, skipped].every(REAL.fits);
  },
};
const takes = {
  constructor: signature<GradScalerOptions>(
    'GradScaler',
    {},
    {
      initScale: REAL,
      growthFactor: REAL,
      backoffFactor: REAL,
      growthInterval: REAL,
      device: DEVICE,
    },
    0,
  ),
  scale: signature('GradScaler.scale', { loss: TENSOR }),
  unscale: signature('GradScaler.unscale', { optimizer: OPTIMIZER }),
  step: signature('GradScaler.step', { optimizer: OPTIMIZER }),
  loadStateDict: signature('GradScaler.loadStateDict', { state: STATE }),
};

/**
 * Scales the loss up, so that small gradients do not round to zero in float16, and scales the gradients down before the
 * optimizer uses them. If a gradient is not finite, the step is skipped and the scale is halved. After many good steps
 * the scale is doubled.
 *
 * Everything happens on the device, so nothing waits, and `capture` replays it. Use one scaler per optimizer. Skipped
 * steps do not count for Adam's bias correction, but a parameter that is unfrozen after some keeps the correction of its
 * first step for as many steps.
 *
 * Source: Micikevicius et al.: Mixed precision training (2018); PyTorch's torch.amp.GradScaler.
 *
 * @throws ArgumentError for options out of range
 * @example
 * const scaler = new optim.GradScaler();
 * const loss = autocast('float16', () => crossEntropy(model.forward(images), labels));
 * scaler.scale(loss).backward();
 * scaler.unscale(optimizer); // only to use the gradients, for example in clipGradNorm
 * scaler.step(optimizer);
 * scaler.update();
 */
export class GradScaler implements Owned, Disposable {
  readonly #growth: number;
  readonly #backoff: number;
  readonly #interval: number;
  readonly #scale: Tensor;
  /** Whether a gradient was not finite, good steps since the last change of the scale, and skipped steps. */
  readonly #counts: Tensor;
  /** What was called since the last `update`. */
  readonly #done = new HostValue<'nothing' | 'unscale' | 'step'>('nothing');

  constructor(...rest: Rest<GradScalerOptions>) {
    const options = takes.constructor(rest);
    const { initScale = 65_536, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000 } = options;
    const fits =
      initScale > 0 &&
      growthFactor > 1 &&
      backoffFactor > 0 &&
      backoffFactor < 1 &&
      Number.isSafeInteger(growthInterval) &&
      growthInterval >= 1;
    if (!fits) {
      throw new ArgumentError('GradScaler', 'invalid options', {
        takes: 'initScale > 0, growthFactor > 1, 0 < backoffFactor < 1, an integer growthInterval ≥ 1',
        got: `initScale ${initScale}, growthFactor ${growthFactor}, backoffFactor ${backoffFactor}, growthInterval ${growthInterval}`,
      });
    }
    this.#growth = growthFactor;
    this.#backoff = backoffFactor;
    this.#interval = growthInterval;
    const { device = defaultDevice() } = options;
    [this.#scale, this.#counts] = unscoped(() => [
      full([], initScale, { device }),
      zeros([3], { dtype: 'int32', device }),
    ]);
    own(this);
  }

  /** The loss times the scale, for `backward`. */
  scale(loss: Tensor): Tensor {
    takes.scale(arguments);
    checkDevice('GradScaler.scale', loss, this.#scale);
    return loss.mul(this.#scale);
  }

  /** Divides the gradients by the scale. `step` does this if it was not done before. */
  unscale(optimizer: Optimizer): void {
    takes.unscale(arguments);
    const done = this.#done.get();
    if (done !== 'nothing') {
      throw new ArgumentError('GradScaler.unscale', 'the gradients are already unscaled', {
        takes: 'one call before each step(), and update() after the step',
        got: done === 'unscale' ? 'a second call' : 'a call after step()',
      });
    }
    const gradients = gradientsToChange(optimizer.paramGroups.flatMap(({ params }) => [...params]));
    checkDevice('GradScaler.unscale', this.#scale, ...gradients);
    this.#done.set('unscale');
    for (const { buffer, offset, size } of neighbours(gradients)) {
      this.#scale.device.run(
        'unscale',
        {
          scale: this.#scale.storage.buffer,
          gradients: buffer,
          counts: this.#counts.storage.buffer,
        },
        { size, offset },
      );
    }
  }

  /**
   * Runs the optimizer's step if all gradients are finite.
   *
   * @throws ArgumentError for a second call before `update`: the gradients are no longer scaled then
   */
  step(optimizer: Optimizer): void {
    takes.step(arguments);
    const done = this.#done.get();
    if (done === 'step') {
      throw new ArgumentError('GradScaler.step', 'update() was not called after the last step', {
        takes: 'step(), then update()',
        got: 'a second step()',
      });
    }
    if (done === 'nothing') this.unscale(optimizer);
    optimizer.step(this.#counts);
    this.#done.set('step');
  }

  /** Sets the scale of the next step. */
  update(): void {
    takesNothing('GradScaler.update', arguments);
    this.#done.set('nothing');
    this.#scale.storage.changed();
    this.#scale.device.run(
      'updateScale',
      { scale: this.#scale.storage.buffer, counts: this.#counts.storage.buffer },
      { growth: this.#growth, backoff: this.#backoff, interval: this.#interval },
    );
  }

  /** Reads the current scale. Waits for the device. */
  getScale(): Promise<number> {
    takesNothing('GradScaler.getScale', arguments);
    return this.#scale.item();
  }

  /** Returns the state for `loadStateDict`. Waits for the device. */
  async stateDict(): Promise<GradScalerState> {
    takesNothing('GradScaler.stateDict', arguments);
    const [scale, [, growthTracker = 0, skipped = 0]] = await Promise.all([
      this.getScale(),
      this.#counts.data(),
    ]);
    return { scale, growthTracker, skipped };
  }

  /** Continues from the state of `stateDict`. */
  loadStateDict(state: GradScalerState): void {
    takes.loadStateDict(arguments);
    const { scale, growthTracker, skipped } = state;
    const { device } = this.#scale;
    this.#scale.storage.changed();
    scope(() => {
      copyInto(tensor(scale, { device }), this.#scale);
      copyInto(tensor([0, growthTracker, skipped], { dtype: 'int32', device }), this.#counts);
    });
  }

  /** Frees its state, as does the `scope` in which it was made. */
  dispose(): void {
    takesNothing('GradScaler.dispose', arguments);
    disown(this);
    this.#scale.dispose();
    this.#counts.dispose();
  }

  /** Called by `using`: disposes the scaler. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
