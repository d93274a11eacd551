import { unscoped } from './scope.ts';
import type { Storage } from './storage.ts';
import { type GradientHome, Tensor } from './tensor.ts';

/**
 * The range of an optimizer's flat buffer in which the gradients of a leaf lie, one after another. Each has a storage of its
 * own. Before the next gradient is written, the previous one moves away if a tensor still holds it, as in PyTorch,
 * where `zero_grad` leaves earlier gradients alone.
 */
export class GradientRange implements GradientHome {
  readonly #range: Tensor;
  #latest: Storage | undefined;

  /** @param range a contiguous part of the flat buffer */
  constructor(range: Tensor) {
    this.#range = range;
  }

  vacate(): Tensor {
    if (this.#latest?.held) this.#latest.moveOut();
    this.#latest = undefined;
    return this.#range;
  }

  isWritten(gradient: Tensor): boolean {
    const { storage, offset } = this.#range;
    return gradient.storage === storage && gradient.offset === offset && gradient.isContiguous();
  }

  take(): Tensor {
    const { storage, offset } = this.#range;
    const latest = storage.part(offset, this.#range.numel());
    this.#latest = latest;
    return unscoped(() => new Tensor(latest, this.#range));
  }

  holds(gradient: Tensor): boolean {
    return gradient.storage === this.#latest;
  }

  lend(): Storage {
    const { storage, offset } = this.#range;
    return storage.part(offset, this.#range.numel());
  }

  dispose(): void {
    this.#range.dispose();
  }
}
