import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked } from '../files/lock.ts';
import type { Judge, TrialRunner } from './runner.ts';
import type { TrialState } from './table.ts';
import { type Trial, trialSummary } from './trial.ts';
import type { TrialMetrics } from './trialMetrics.ts';
import { runInProcess, runJudged, type TrialProcess } from './trialProcess.ts';

export interface EmbeddedOptions extends TrialProcess {
  /** Counts the trials. */
  readonly metrics?: TrialMetrics | undefined;
  /** Trials at a time. */
  readonly jobs: number;
}

/** A trial that has not begun. */
interface Pending {
  readonly trial: Trial;
  readonly judge: Judge | undefined;
  readonly resolve: (state: TrialState) => void;
  readonly reject: (reason: unknown) => void;
}

/** Milliseconds between two checks whether another process has finished a trial. */
const POLL = 300;

/** Runs trials on this machine, each in a process of its own. It waits for trials that another sweep is running. */
export class EmbeddedRunner implements TrialRunner {
  readonly #options: EmbeddedOptions;
  readonly #pending: Pending[] = [];
  #working = 0;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  run(trial: Trial, judge?: Judge): Promise<TrialState> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ trial, judge, resolve, reject });
      if (this.#working < this.#options.jobs) void this.#work();
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #work(): Promise<void> {
    this.#working++;
    const { signal } = this.#options;
    while (this.#pending.length > 0 && !signal.aborted) {
      const taken = await this.#takeFree();
      if (taken) await this.#run(taken);
      else await sleep(POLL);
    }
    this.#working--;
    if (signal.aborted) {
      for (const { trial, resolve } of this.#pending.splice(0)) resolve({ trial, status: 'waiting' });
    }
  }

  /** Takes the first trial that no process is running. */
  async #takeFree(): Promise<Pending | undefined> {
    for (const pending of [...this.#pending]) {
      if (await isLocked(pending.trial.path)) continue;
      const index = this.#pending.indexOf(pending);
      // Another turn of this runner may have taken it meanwhile.
      if (index >= 0) return this.#pending.splice(index, 1)[0];
    }
    return undefined;
  }

  async #run(pending: Pending): Promise<void> {
    const { trial, judge, resolve, reject } = pending;
    try {
      const known = await trialSummary(trial);
      if (known) {
        resolve({ trial, status: 'finished', summary: known });
        return;
      }
      const { metrics } = this.#options;
      const run = (): Promise<TrialState> =>
        judge ? runJudged(trial, judge, this.#options) : runInProcess(trial, this.#options);
      const state = await (metrics ? metrics.watch(trial, run) : run());
      // Another sweep was faster.
      if (state.status === 'failed' && (await isLocked(trial.path))) this.#pending.push(pending);
      else resolve(state);
    } catch (error) {
      reject(error);
    }
  }
}
