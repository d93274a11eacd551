import { setTimeout as sleep } from 'node:timers/promises';
import { Job, Queue, QueueEvents } from 'bullmq';
import { WgradError } from '../../../backend/errors.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import type { Judge, TrialRunner } from '../runner.ts';
import type { TrialState } from '../table.ts';
import type { Trial } from '../trial.ts';
import { validationsSchema } from '../validations.ts';
import { collect } from './collect.ts';
import { connect, type LastingRedis, PREFIX, queueName } from './connection.ts';
import { jobId, KEEP, toPayload } from './payload.ts';
import {
  CANCELLED,
  failureOf,
  forgetRemoved,
  isCancelled,
  noteSweep,
  pruneJob,
  PRUNED,
  restoreJob,
  reviveSweep,
} from './sweeps.ts';

export interface QueueOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string;
  /** The label that workers must have: `any`, `gpu`. */
  readonly label: string;
  readonly store: ArtifactStore;
  /** The name of the sweep, the same in every process that runs it. */
  readonly sweep: string;
  /** Aborted by Ctrl-C: the planner leaves, and the workers go on. */
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/** A trial that the queue has, or will have. */
interface Pending {
  readonly trial: Trial;
  readonly judge: Judge | undefined;
  readonly resolve: (state: TrialState) => void;
  readonly reject: (reason: unknown) => void;
  /** Whether the queue was asked for it before: then a failure is its own, and not one of an earlier sweep. */
  sent: boolean;
  collecting: boolean;
  /** How often a worker said that it has finished, and the store had no result. */
  lost: number;
  /** Whether it was judged to end: its later validations do not matter. */
  pruned: boolean;
}

type TrialJob = Job<unknown, unknown>;

/** Jobs that one message to Redis asks for, or adds. */
const CHUNK = 500;
/** Milliseconds between two looks at all jobs: events may be lost with Redis, and so may jobs. */
const LOOK = 30_000;
/** How often a result may be missing. Where workers have another store, each of their results is. */
const MOST_LOSSES = 2;
/** Milliseconds before something is tried again that broke with the connection. */
const AGAIN = 300;

/**
 * Submits trials to a queue, and collects their results from the artifact store. The job of a trial has the trial's id, and
 * so has its result: however often a trial is submitted or run, it counts once.
 */
export class QueueRunner implements TrialRunner {
  readonly #options: QueueOptions;
  readonly #redis: LastingRedis;
  readonly #events: QueueEvents;
  readonly #queue: Queue;
  readonly #pending = new Map<string, Pending>();
  readonly #over = new AbortController();
  #unsent: string[] = [];
  /** What is done with Redis, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout;

  constructor(options: QueueOptions) {
    this.#options = options;
    const { url, label, report, signal } = options;
    this.#redis = connect(url, report);
    const settings = { connection: this.#redis, prefix: PREFIX };
    this.#queue = new Queue(queueName(label), settings);
    // Its errors are those of the connection, which reports them once.
    this.#queue.on('error', () => undefined);
    this.#events = new QueueEvents(queueName(label), settings);
    this.#events.on('error', () => undefined);
    const look = ({ jobId }: { jobId: string }): void => {
      if (this.#pending.has(jobId)) this.#do(() => this.#look([jobId]));
    };
    for (const event of ['completed', 'failed', 'removed'] as const) this.#events.on(event, look);
    this.#events.on('progress', ({ jobId, data }: { jobId: string; data: unknown }) => {
      this.#judge(jobId, data);
    });
    this.#redis.on('ready', () => {
      this.#lookAtAll();
    });
    this.#timer = setInterval(() => {
      this.#lookAtAll();
    }, LOOK);
    const leave = (): void => {
      this.#leave();
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#do(async () => {
      await reviveSweep(this.#redis, options.sweep);
      // It submits them itself.
      await forgetRemoved(this.#redis, options.sweep);
    });
  }

  run(trial: Trial, judge?: Judge): Promise<TrialState> {
    if (this.#options.signal.aborted) return Promise.resolve({ trial, status: 'waiting' });
    return new Promise((resolve, reject) => {
      const id = jobId(trial);
      const fresh = { sent: false, collecting: false, lost: 0, pruned: false };
      this.#pending.set(id, { trial, judge, resolve, reject, ...fresh });
      this.#unsent.push(id);
      if (this.#unsent.length > 1) return;
      setImmediate(() => {
        this.#do(() => this.#send());
      });
    });
  }

  async close(): Promise<void> {
    this.#leave();
    await this.#work;
    await Promise.allSettled([this.#events.close(), this.#queue.close()]);
  }

  #leave(): void {
    clearInterval(this.#timer);
    this.#over.abort();
    for (const { trial, resolve } of this.#pending.values()) resolve({ trial, status: 'waiting' });
    this.#pending.clear();
    // Commands that wait for Redis fail now.
    this.#redis.endAll();
  }

  /** Does something with Redis after what was begun before; what breaks with the connection is done again. */
  #do(action: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      while (!this.#over.signal.aborted) {
        try {
          await action();
          return;
        } catch (error) {
          if (!isPassing(error)) {
            this.#fail(error);
            return;
          }
          await sleep(AGAIN, undefined, { signal: this.#over.signal }).catch(() => undefined);
        }
      }
    });
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  async #send(): Promise<void> {
    const ids = this.#unsent;
    const { sweep, label } = this.#options;
    await noteSweep(this.#redis, { id: sweep, label, jobs: ids });
    this.#unsent = this.#unsent.slice(ids.length);
    await this.#look(ids);
  }

  #lookAtAll(): void {
    const sent = [...this.#pending].filter(([, { sent, collecting }]) => sent && !collecting);
    if (sent.length === 0) return;
    const { sweep, label } = this.#options;
    const ids = sent.map(([id]) => id);
    this.#do(async () => {
      // Redis may have lost that, too.
      await noteSweep(this.#redis, { id: sweep, label, jobs: ids });
      await this.#look(ids);
    });
  }

  /** Finds out how jobs stand: submits those that are missing, and settles those that have ended. */
  async #look(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += CHUNK) {
      const chunk = ids.slice(at, at + CHUNK);
      const jobs = await Promise.all(chunk.map((id) => this.#job(id)));
      const missing: string[] = [];
      for (const [index, id] of chunk.entries()) {
        const pending = this.#pending.get(id);
        if (!pending || pending.collecting) continue;
        const job = jobs[index];
        if (!job) missing.push(id);
        else if (job.finishedOn !== undefined) await this.#settle(id, pending, job);
        else this.#judge(id, job.progress);
        pending.sent = true;
      }
      if (missing.length > 0) await this.#submit(missing);
    }
  }

  /** A job; one that cannot be read is removed, and so missing. */
  async #job(id: string): Promise<TrialJob | undefined> {
    try {
      return await Job.fromId<unknown, unknown>(this.#queue, id);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      await this.#queue.remove(id);
      return undefined;
    }
  }

  async #submit(ids: readonly string[]): Promise<void> {
    const { sweep } = this.#options;
    if (await isCancelled(this.#redis, sweep)) {
      for (const id of ids) this.#resolve(id, 'cancelled');
      return;
    }
    const jobs = ids.map((id) => ({
      name: sweep,
      data: toPayload(this.#pending.get(id)!.trial, sweep),
      opts: { ...KEEP, jobId: id },
    }));
    await this.#queue.addBulk(jobs);
  }

  async #settle(id: string, pending: Pending, job: TrialJob): Promise<void> {
    const failure = failureOf(job);
    if (failure === undefined) {
      pending.collecting = true;
      void this.#collect(id, pending, job);
    } else if (failure === CANCELLED || failure === PRUNED) {
      const isOurs = failure === CANCELLED && pending.sent;
      const isOver = isOurs && (await isCancelled(this.#redis, this.#options.sweep));
      if (isOver) this.#resolve(id, 'cancelled');
      else await this.#restore(id, job);
    } else if (pending.sent) this.#resolve(id, 'failed', failure);
    else await job.retry('failed');
  }

  /** Runs a trial that was stopped: by another sweep, or by this one before it began again. */
  async #restore(id: string, job: TrialJob): Promise<void> {
    await restoreJob(this.#redis, this.#options.sweep, id);
    // As a job of another sweep it would be stopped again.
    await job.remove();
    await this.#submit([id]);
  }

  /** Has the sweep judge a trial that runs, which may end it. */
  #judge(id: string, progress: unknown): void {
    const pending = this.#pending.get(id);
    if (!pending?.judge || pending.pruned || pending.collecting) return;
    const { validations: seen } = (typeof progress === 'object' ? (progress ?? {}) : {}) as {
      validations?: unknown;
    };
    const { data: validations } = validationsSchema.safeParse(seen);
    try {
      if (!validations || pending.judge(validations)) return;
    } catch (error) {
      this.#pending.delete(id);
      pending.reject(error);
      return;
    }
    pending.pruned = true;
    this.#do(async () => {
      await pruneJob(this.#redis, this.#options.sweep, id);
      this.#resolve(id, 'pruned');
    });
  }

  async #collect(id: string, pending: Pending, job: TrialJob): Promise<void> {
    const { trial } = pending;
    const { store, report } = this.#options;
    try {
      const summary = await collect(store, trial, report);
      if (summary) {
        this.#pending.delete(id);
        pending.resolve({ trial, status: 'finished', summary });
        return;
      }
      if (++pending.lost > MOST_LOSSES) {
        const why = `a worker has finished it, but ${store.name} has no result: do all machines share this store?`;
        this.#resolve(id, 'failed', why);
        return;
      }
      // The store has lost it.
      pending.collecting = false;
      this.#do(async () => {
        await job.remove();
        await this.#look([id]);
      });
    } catch (error) {
      this.#pending.delete(id);
      pending.reject(error);
    }
  }

  #resolve(id: string, status: 'cancelled' | 'failed' | 'pruned', message?: string): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.resolve({ trial: pending.trial, status, ...(message !== undefined && { message }) });
  }
}

/** Whether the next attempt may succeed: the connection broke, or Redis is starting. */
function isPassing(error: unknown): boolean {
  return !(error instanceof WgradError || error instanceof TypeError || error instanceof RangeError);
}
