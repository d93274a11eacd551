import type { Backend } from '../../backend/backend.ts';

/** What a stopwatch goes on from. */
export interface StopwatchState {
  readonly samples: number;
  readonly trainingSeconds: number;
  readonly seconds: number;
}

/** How long a training takes, and how fast it is; resumptions are counted together. */
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

  /** Training starts now, after something that is not counted as such. */
  start(): void {
    this.#started = performance.now();
  }

  /** So many samples are done since the start or the last lap. Call it after a reading, which waits for the device. */
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

  /** Since the start of the process, and those of earlier processes up to their last checkpoint. */
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
