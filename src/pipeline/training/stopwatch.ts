import type { Backend } from '../../backend/backend.ts';

/** The counts of a stopwatch, as a checkpoint keeps them. */
export interface StopwatchState {
  readonly samples: number;
  readonly trainingSeconds: number;
  readonly seconds: number;
}

/** Measures the time and the speed of a training, over all its processes. */
export class Stopwatch {
  readonly #earlier: StopwatchState;
  #samples = 0;
  #trainingSeconds = 0;
  #started = 0;
  /** From the start of the process until the first step had run on the device. */
  secondsToFirstStep = 0;

  constructor(earlier: StopwatchState = { samples: 0, trainingSeconds: 0, seconds: 0 }) {
    this.#earlier = earlier;
  }

  /** Starts, or restarts after work that does not count as training. */
  start(): void {
    this.#started = performance.now();
  }

  /** Adds the samples since the start or the last lap. To be called after a reading, which waits for the device. */
  lap(samples: number): void {
    const now = performance.now();
    this.#samples += samples;
    this.#trainingSeconds += (now - this.#started) / 1000;
    this.#started = now;
  }

  /** Waits for the first step of this process, and for no other. */
  async noteFirstStep(device: Backend): Promise<void> {
    if (this.secondsToFirstStep > 0) return;
    await device.synchronize();
    this.secondsToFirstStep = performance.mark('first step').startTime / 1000;
  }

  get samplesPerSecond(): number {
    const { samples, trainingSeconds } = this.state;
    return samples > 0 ? samples / trainingSeconds : 0;
  }

  /** Since the start of the process, plus earlier processes up to their last checkpoint. */
  get seconds(): number {
    return this.#earlier.seconds + performance.now() / 1000;
  }

  get state(): StopwatchState {
    return {
      samples: this.#earlier.samples + this.#samples,
      trainingSeconds: this.#earlier.trainingSeconds + this.#trainingSeconds,
      seconds: this.seconds,
    };
  }
}
