import type { Control } from './training.ts';

/** The page's pause, resume and stop, which arrive between two steps. */
export class PageControl implements Control {
  stopped = false;
  #resume: (() => void) | undefined;
  #paused: Promise<void> | undefined;

  pause(): void {
    this.#paused ??= new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  resume(): void {
    this.#resume?.();
    this.#paused = undefined;
  }

  stop(): void {
    this.stopped = true;
    this.resume();
  }

  async turn(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    await this.#paused;
  }
}
