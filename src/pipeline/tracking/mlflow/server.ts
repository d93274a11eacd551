import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalRecord } from '../../runs/journal/records.ts';
import { MlflowClient, MlflowError } from './client.ts';
import { Pusher } from './push.ts';
import { readState } from './state.ts';
import { errorText } from '../../text/errorText.ts';
import type { OpenTracker } from '../tracker.ts';

/** Milliseconds. */
export interface Patience {
  /** For one request. */
  readonly timeout: number;
  /** The wait after the first failure; each further one doubles it. */
  readonly backOff: number;
  readonly maxBackOff: number;
  /** For all that is still to be sent when the run ends. */
  readonly atEnd: number;
}

const PATIENCE: Patience = { timeout: 10_000, backOff: 500, maxBackOff: 30_000, atEnd: 20_000 };

/**
 * Sends a run to an MLflow server during the training, in the background, with retries. After the training, the rest gets
 * `patience.atEnd`; what is not sent by then stays in the journal, and `src/runs.ts sync` sends it.
 */
export function openMlflowServer(uri: string, patience: Patience = PATIENCE): OpenTracker {
  return async (run, past) => {
    const stop = new AbortController();
    const client = new MlflowClient(uri, { timeout: patience.timeout, signal: stop.signal });
    const pusher = new Pusher(client, run, await readState(run.path, client.base));
    const sender = new Sender(patience, stop.signal, pusher);
    sender.add(past);
    return {
      write: (record) => sender.add([record]),
      close: async () => {
        const timer = setTimeout(() => stop.abort(), patience.atEnd);
        try {
          await sender.drain();
        } catch (error) {
          const what = `${client.base} has not got all of run ${run.id} (${errorText(error)})`;
          const status = error instanceof MlflowError ? error.status : 0;
          throw new MlflowError(`${what}; the rest waits in the run's folder`, status);
        } finally {
          clearTimeout(timer);
        }
      },
    };
  };
}

/** Failed attempts after the end of the training, after which the sender gives up. */
const LAST_TRIES = 3;

/** A queue of records and the one loop that sends them. */
class Sender {
  readonly #patience: Patience;
  readonly #stop: AbortSignal;
  readonly #pusher: Pusher;
  /** All records so far; the pusher knows which of them the server has. */
  readonly #records: JournalRecord[] = [];
  #sent = 0;
  #loop: Promise<void> | undefined;
  /** The error at which the loop gave up. */
  #refusal: unknown;
  /** Ends the current wait. */
  readonly #wake = new AbortController();
  #draining = false;

  constructor(patience: Patience, stop: AbortSignal, pusher: Pusher) {
    this.#patience = patience;
    this.#stop = stop;
    this.#pusher = pusher;
  }

  add(records: readonly JournalRecord[]): void {
    this.#records.push(...records);
    if (this.#refusal === undefined) this.#loop ??= this.#work();
  }

  /**
   * Waits until everything is sent.
   *
   * @throws the server's last answer, where it is not
   */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#wake.abort();
    await this.#loop;
    if (this.#refusal !== undefined) throw this.#refusal as Error;
  }

  async #work(): Promise<void> {
    let failures = 0;
    let lastTries = 0;
    do {
      const until = this.#records.length;
      try {
        await this.#pusher.push(this.#records.slice(this.#sent, until));
        this.#sent = until;
        failures = 0;
      } catch (error) {
        failures += 1;
        if (this.#draining) lastTries += 1;
        const passing = error instanceof MlflowError && error.passing;
        if (this.#stop.aborted || lastTries > LAST_TRIES || !passing) {
          this.#refusal = error;
          break;
        }
        await this.#wait(lastTries || failures, error.retryAfter);
      }
    } while (failures > 0 || this.#sent < this.#records.length);
    this.#loop = undefined;
  }

  async #wait(failures: number, retryAfter: number): Promise<void> {
    const { backOff, maxBackOff } = this.#patience;
    const time = Math.min(maxBackOff, Math.max(retryAfter, backOff * 2 ** (failures - 1)));
    // The end of the training cuts short a wait that began before it; a later wait ends only with `stop`.
    const signal = this.#draining ? this.#stop : this.#wake.signal;
    await sleep(time, undefined, { signal }).catch(() => undefined);
  }
}
