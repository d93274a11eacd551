import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, UnrecoverableError, DelayedError, WaitingError, Worker } from 'bullmq';
import { WgradError } from '../../../backend/errors.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { requireSameVersions } from './checks.ts';
import { connect, type LastingRedis, PREFIX, queueName } from './connection.ts';
import { fromPayload, jobId } from './payload.ts';
import { CANCELLED, isCancelled, isPruned, PRUNED } from './sweeps.ts';
import type { RunTrial, TrialEnd, TrialReport, WorkerTrial } from './workTrial.ts';

export interface WorkerOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string;
  /** The labels whose trials it takes; see `queueName`. */
  readonly labels: readonly string[];
  /** Trials at a time, of each label. */
  readonly concurrency: number;
  readonly store: ArtifactStore;
  /** The folder in which trials run. */
  readonly work: string;
  /** Milliseconds without a sign of life after which another worker takes over a trial. */
  readonly stalledAfter: number;
  /** Milliseconds that running trials have to end after `signal`; then they stop with a checkpoint. */
  readonly grace: number;
  /** Aborted by SIGTERM: the worker takes no more trials, and ends when those at work have ended. */
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
  /** Runs one trial. */
  readonly runTrial: RunTrial;
  /** Whether this machine may run a trial. @throws RefusedError where not */
  readonly check?: (trial: WorkerTrial, signal: AbortSignal) => Promise<void>;
}

/** How often a trial may lose its worker. One that kills each of its workers must not go round for ever. */
const MOST_TAKEOVERS = 25;
/** Milliseconds that a worker leaves trials to others after it refused one. */
const REFUSAL = 5000;
/** Milliseconds between two looks at cancelled sweeps and trials stopped early. */
const LOOK = 1000;
/** Milliseconds before BullMQ tries again what broke with the connection. */
const AGAIN = 500;
/** Milliseconds for telling Redis how the last trials ended. Where it is gone, others take them over from the store. */
const PARTING = 5000;

/** A trial at work. */
interface Active {
  readonly sweep: string;
  readonly job: string;
  /** Stops it: because of a signal, a cancelled sweep, or because another worker has taken it over. */
  readonly stop: AbortController;
  /** Fulfilled when it has ended, in whatever way. */
  readonly ended: Promise<unknown>;
}

/** Takes trials from queues and runs them, until its signal is aborted. */
export class SweepWorker {
  readonly #options: WorkerOptions;
  readonly #redis: LastingRedis;
  readonly #workers: readonly Worker[];
  readonly #active = new Set<Active>();
  readonly #told = new Set<string>();
  readonly #name = `${hostname()}:${process.pid}`;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#redis = connect(options.url, options.report);
    this.#workers = options.labels.map((label) => this.#open(label));
  }

  /** Works until the signal is aborted, and the trials at work have ended. */
  async run(): Promise<void> {
    const { signal, grace } = this.#options;
    const look = setInterval(() => void this.#stopUnwanted().catch(() => undefined), LOOK);
    await new Promise((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener('abort', resolve, { once: true });
    });
    const end = setTimeout(() => {
      for (const { stop } of this.#active) stop.abort('drain');
    }, grace);
    const closed = Promise.all(this.#workers.map((worker) => worker.close()));
    // BullMQ's own waiting ends early, or never, where the connection breaks.
    while (this.#active.size > 0) await Promise.all([...this.#active].map(({ ended }) => ended));
    clearTimeout(end);
    clearInterval(look);
    await Promise.race([closed, sleep(PARTING, undefined, { ref: false })]);
    this.#redis.endAll();
  }

  #open(label: string): Worker {
    const { concurrency, stalledAfter } = this.#options;
    const worker: Worker = new Worker(
      queueName(label),
      // BullMQ passes a signal to functions that take three arguments.
      (job: Job<unknown>, token: string | undefined, lost: AbortSignal | undefined) =>
        this.#process(worker, job, token ?? '', lost),
      {
        connection: this.#redis,
        prefix: PREFIX,
        name: this.#name,
        concurrency,
        lockDuration: stalledAfter,
        stalledInterval: stalledAfter,
        maxStalledCount: MOST_TAKEOVERS,
        runRetryDelay: AGAIN,
      },
    );
    worker.on('lockRenewalFailed', (ids: string[]) => {
      for (const id of ids) worker.cancelJob(id, 'lost');
    });
    // Those of the connection are reported once, by `connect`; a lost lock is reported with its trial.
    worker.on('error', () => undefined);
    return worker;
  }

  async #process(
    worker: Worker,
    job: Job<unknown>,
    token: string,
    lost: AbortSignal | undefined,
  ): Promise<object> {
    const { work, report } = this.#options;
    // What is wrong with the job is wrong everywhere.
    const trial = orFail(() => fromPayload(job.data, work));
    const unwanted = await this.#unwanted(trial.sweep, jobId(trial));
    if (unwanted !== undefined) throw new UnrecoverableError(unwanted);
    if (this.#isDraining()) return this.#giveBack(job, token, 'drain');
    const stop = new AbortController();
    lost?.addEventListener('abort', () => {
      stop.abort('lost');
    });
    try {
      const end = await this.#follow(trial, stop, this.#run(trial, job, stop.signal));
      report(`${trial.id}  ${trial.overrides.join(' ')}: ${end.status}`);
      if (end.status === 'finished') return {};
      if (end.status === 'failed') throw new UnrecoverableError(end.message);
      return await this.#giveBack(job, token, stop.signal.reason);
    } catch (error) {
      if (!isOfMachine(error)) throw error;
      if (this.#isDraining()) return this.#giveBack(job, token, 'drain');
      return this.#refuse(worker, job, token, error.message);
    }
  }

  /** Runs a trial, where this machine may. */
  async #run(trial: WorkerTrial, job: Job<unknown>, stop: AbortSignal): Promise<TrialEnd> {
    const { store, signal, report, runTrial, check = requireSameVersions } = this.#options;
    await check(trial, signal);
    if (this.#isDraining()) return { status: 'interrupted' };
    const progress = (told: TrialReport): void => {
      job.updateProgress({ worker: this.#name, ...told }).catch(() => undefined);
    };
    progress({});
    return runTrial(trial, { store, signal: stop, progress, warn: report });
  }

  /** Counts a trial as active until it has ended. */
  async #follow<T>(trial: WorkerTrial, stop: AbortController, run: Promise<T>): Promise<T> {
    const { sweep } = trial;
    const active: Active = { sweep, job: jobId(trial), stop, ended: run.catch(() => undefined) };
    this.#active.add(active);
    try {
      return await run;
    } finally {
      this.#active.delete(active);
    }
  }

  #isDraining(): boolean {
    return this.#options.signal.aborted;
  }

  /** Ends work at a trial that was stopped. */
  async #giveBack(job: Job<unknown>, token: string, why: unknown): Promise<never> {
    if (why === CANCELLED || why === PRUNED) throw new UnrecoverableError(why);
    // Where it is lost, another worker has it already.
    if (why !== 'lost') await job.moveToWait(token);
    throw new WaitingError();
  }

  /** Leaves a trial to others, and the next ones for a while. */
  async #refuse(worker: Worker, job: Job<unknown>, token: string, why: string): Promise<never> {
    const line = `refused: ${why}`;
    if (!this.#told.has(line)) this.#options.report(line);
    this.#told.add(line);
    await job.updateProgress({ worker: this.#name, refused: why });
    await job.moveToDelayed(Date.now() + AGAIN, token);
    await worker.pause(true);
    setTimeout(() => {
      if (!this.#options.signal.aborted) void worker.resume();
    }, REFUSAL).unref();
    throw new DelayedError();
  }

  async #stopUnwanted(): Promise<void> {
    for (const { sweep, job, stop } of this.#active) {
      const why = await this.#unwanted(sweep, job);
      if (why !== undefined) stop.abort(why);
    }
  }

  /** Why the sweep of a trial does not want it any more; undefined where it does. */
  async #unwanted(sweep: string, job: string): Promise<string | undefined> {
    if (await isCancelled(this.#redis, sweep)) return CANCELLED;
    return (await isPruned(this.#redis, sweep, job)) ? PRUNED : undefined;
  }
}

/** @throws UnrecoverableError where `read` throws what a user may see */
function orFail<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof WgradError ? new UnrecoverableError(error.message) : error;
  }
}

/** Whether it is this machine that cannot run a trial, with a full disk or other code: another one may. */
function isOfMachine(error: unknown): error is Error {
  return error instanceof WgradError || (error as NodeJS.ErrnoException).syscall !== undefined;
}
