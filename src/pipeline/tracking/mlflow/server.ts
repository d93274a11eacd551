import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalRecord } from '../../runs/journal/records.ts';
import { MlflowClient, MlflowError } from './client.ts';
import { push } from './push.ts';
import { readState } from './state.ts';
import type { OpenTracker, TrackedRun } from '../tracker.ts';

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
 * Sends a run to an MLflow server while it is trained: in the background, trying again where the server is away. When
 * the training has ended, what is left gets `patience.atEnd`; what is not sent by then stays in the journal, and
 * `src/runs.ts sync` sends it.
 */
export function openMlflowServer(uri: string, patience: Patience = PATIENCE): OpenTracker {
  return async (run, past) => {
    const stop = new AbortController();
    const client = new MlflowClient(uri, { timeout: patience.timeout, signal: stop.signal });
    const state = await readState(run.path, client.base);
    const sender = new Sender(patience, stop.signal, (records) => push(client, run, state, records));
    sender.add(past);
    return {
      record: (record) => sender.add([record]),
      close: async () => {
        const timer = setTimeout(() => stop.abort(), patience.atEnd);
        try {
          await sender.drain();
        } catch (error) {
          throw notSent(client, run, error);
        } finally {
          clearTimeout(timer);
        }
      },
    };
  };
}

function notSent({ base }: MlflowClient, { id }: TrackedRun, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return new MlflowError(
    `${base} has not got all of run ${id} (${reason}); the rest waits in the run's folder`,
    error instanceof MlflowError ? error.status : 0,
  );
}

/** Tries, once the training has ended, before the server is given up. */
const LAST_TRIES = 3;

/** A queue of records and the one loop that works on it. */
class Sender {
  readonly #patience: Patience;
  readonly #stop: AbortSignal;
  readonly #push: (records: readonly JournalRecord[]) => Promise<void>;
  /** All records so far: the push knows which of them the server has. */
  readonly #records: JournalRecord[] = [];
  #sent = 0;
  #loop: Promise<void> | undefined;
  /** Why the loop gave up: the server refuses. */
  #refusal: unknown;
  /** Ends the present wait. */
  readonly #wake = new AbortController();
  #draining = false;

  constructor(
    patience: Patience,
    stop: AbortSignal,
    push: (records: readonly JournalRecord[]) => Promise<void>,
  ) {
    this.#patience = patience;
    this.#stop = stop;
    this.#push = push;
  }

  add(records: readonly JournalRecord[]): void {
    this.#records.push(...records);
    if (this.#refusal === undefined) this.#loop ??= this.#work();
  }

  /**
   * Waits until all is sent.
   *
   * @throws what the server answered at last, where it is not
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
        await this.#push(this.#records.slice(this.#sent, until));
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
    // A wait that began in the training is cut short by its end; one that begins after it only by the last moment.
    const signal = this.#draining ? this.#stop : this.#wake.signal;
    await sleep(time, undefined, { signal }).catch(() => undefined);
  }
}
