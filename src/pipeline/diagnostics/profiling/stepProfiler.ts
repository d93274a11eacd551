import type { Backend } from '../../../backend/backend.ts';
import { type CountedProfile, profile, type Profiler } from '../../../diagnostics/profiling/profile.ts';
import type { StepBatches, Stepper, StepWatcher } from '../../training/step.ts';

/** Steps of this process before the window: by then all is compiled, and memory has settled. */
export const WARM_UP = 20;
/** Steps of an epoch before the window: one runs, one is recorded, and one is replayed. */
export const EPOCH_WARM_UP = 3;
/** Steps in the window. */
export const WINDOW = 50;

/** A step as the host sees it: the time until its launches are made. */
export interface StepSpan {
  /** The training's number of the step, from 1. */
  readonly step: number;
  /** Milliseconds of `performance.now()`. */
  readonly start: number;
  readonly milliseconds: number;
}

/** Consecutive steps, from the first one's beginning until the device had done the last. */
export interface StepWindow {
  readonly steps: readonly StepSpan[];
  readonly start: number;
  readonly milliseconds: number;
}

/** The window that was profiled, and the steps after it, which were not: they tell what profiling costs. */
export interface ProfiledWindow extends StepWindow {
  readonly device: CountedProfile;
  readonly after: StepWindow | undefined;
}

/**
 * Profiles a window of a training's steps as they really run: WINDOW steps, or as many as their epoch still has, after
 * WARM_UP steps. As many steps after it are timed without a profile, for comparison.
 */
export class StepProfiler implements StepWatcher {
  /** Steps of this process. */
  #taken = 0;
  #window: Omit<ProfiledWindow, 'after'> | undefined;
  #after: StepWindow | undefined;
  #failure: Error | undefined;

  get taken(): number {
    return this.#taken;
  }

  /** What was profiled; undefined where no step was. Throws what ended the profile. */
  get result(): ProfiledWindow | undefined {
    if (this.#failure) throw this.#failure;
    return this.#window && { ...this.#window, after: this.#after };
  }

  watch(stepper: Stepper, device: Backend, done: number): Stepper {
    let takenHere = 0;
    let open: OpenWindow | undefined;
    const close = async (): Promise<void> => {
      const closed = await open?.close();
      open = undefined;
      // A step that fails is none.
      if (!closed || closed.steps.length === 0) return;
      if (closed.device) this.#window = { ...closed, device: closed.device };
      else this.#after = closed;
    };
    const timed = async (step: StepBatches): Promise<void> => {
      if (!open) {
        await device.synchronize();
        open = new OpenWindow(device, this.#window ? undefined : profile(device));
      }
      await open.take(done + takenHere, () => stepper.take(step));
      if (open.full) await close();
    };
    return {
      take: (step) => {
        const begins = this.#taken >= WARM_UP && takenHere >= EPOCH_WARM_UP && !this.#after;
        this.#taken++;
        takenHere++;
        return open || begins ? timed(step) : stepper.take(step);
      },
      dispose: async () => {
        // The training has ended before its window: with its epoch, or by an error, which is the error to report.
        await close().catch((error: unknown) => {
          this.#failure = error instanceof Error ? error : new Error(String(error));
        });
        await stepper.dispose();
      },
    };
  }
}

/** Steps that are being timed. */
class OpenWindow {
  readonly #device: Backend;
  readonly #profiler: Profiler | undefined;
  readonly #steps: StepSpan[] = [];
  readonly #start = performance.now();

  constructor(device: Backend, profiler: Profiler | undefined) {
    this.#device = device;
    this.#profiler = profiler;
  }

  get full(): boolean {
    return this.#steps.length === WINDOW;
  }

  async take(step: number, body: () => Promise<void> | undefined): Promise<void> {
    const start = performance.now();
    await body();
    this.#steps.push({ step, start, milliseconds: performance.now() - start });
  }

  async close(): Promise<StepWindow & { device: CountedProfile | undefined }> {
    await this.#device.synchronize();
    const milliseconds = performance.now() - this.#start;
    const device = await this.#profiler?.stop();
    return { steps: this.#steps, start: this.#start, milliseconds, device };
  }
}
