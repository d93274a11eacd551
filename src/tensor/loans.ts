import type { Storage } from './storage.ts';
import { Tensor } from './tensor.ts';

/** Lends the memory of a recording to the tensors that it gives out. The next replay ends the loans. */
export class Loans {
  readonly #owns: (storage: Storage) => boolean;
  readonly #current = new Map<Storage, Storage>();

  /** @param owns whether replays overwrite a storage */
  constructor(owns: (storage: Storage) => boolean) {
    this.#owns = owns;
  }

  owns({ storage }: Tensor): boolean {
    return this.#owns(storage);
  }

  /** A handle on a tensor, valid until `end` if the recording owns its memory. It belongs to the current scope. */
  handle(tensor: Tensor): Tensor {
    const { storage } = tensor;
    if (!this.#owns(storage)) return tensor.detach();
    let loan = this.#current.get(storage);
    if (!loan) {
      loan = storage.lend();
      loan.result = 'returned';
      this.#current.set(storage, loan);
    }
    return new Tensor(loan.retain(), tensor);
  }

  /** Ends the loans: tensors that hold one throw from now on. */
  end(): void {
    for (const loan of this.#current.values()) loan.result = 'overwritten';
    this.release();
  }

  /** Lets the tensors that hold a loan keep its memory. */
  release(): void {
    for (const loan of this.#current.values()) loan.release();
    this.#current.clear();
  }
}
