import { type Contender, type Job, type LaunchCounts, Unsupported } from './contenders/contender.ts';
import type { Action, Answer, Answers, Elapsed, Request } from './protocol.ts';

const LEAST_LOSSES = 3;

/** What answers need of where the contender runs. */
export interface Place {
  open(): Promise<Contender>;
  /** Milliseconds that all threads have computed since the start. */
  processorTime(): number;
  peakBytes(): number;
}

/** One contender and the workload that it has ready. */
export class Answerer {
  readonly #place: Place;
  #contender: Contender | undefined;
  #job: Job | undefined;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Never rejects: what went wrong is an answer. */
  async answer(request: Request): Promise<Answer<Action>> {
    try {
      return await this.#answer(request);
    } catch (error) {
      return {
        error: error instanceof Error ? error.message : String(error),
        ...(error instanceof Unsupported && { unsupported: true }),
      };
    }
  }

  async #answer(request: Request): Promise<Answers[Action]> {
    switch (request.action) {
      case 'open':
        this.#contender = await this.#place.open();
        return this.#contender.facts;
      case 'prepare':
        return this.#prepare(request);
      case 'run':
        return this.#elapsed(() => this.#prepared().run(request.calls));
      case 'release':
        this.#release();
        return {};
      case 'memory':
        return { peakBytes: this.#place.peakBytes() };
    }
  }

  #opened(): Contender {
    if (!this.#contender) throw new Error('the contender is not open');
    return this.#contender;
  }

  #prepared(): Job {
    if (!this.#job) throw new Error('no workload is ready');
    return this.#job;
  }

  #release(): void {
    this.#job?.dispose();
    this.#job = undefined;
  }

  async #elapsed(body: () => Promise<void>): Promise<Elapsed> {
    const before = this.#place.processorTime();
    const start = performance.now();
    await body();
    const milliseconds = performance.now() - start;
    return { milliseconds, processorMilliseconds: this.#place.processorTime() - before };
  }

  async #prepare({ workload, steps, milliseconds }: Extract<Request, { action: 'prepare' }>) {
    this.#release();
    const start = performance.now();
    const job = (this.#job = await this.#opened().prepare(workload));
    const values = await job.read();
    let spent = performance.now() - start;
    while (workload.kind === 'training' && values.length < steps) {
      if (values.length >= LEAST_LOSSES && performance.now() - start > milliseconds) break;
      const before = performance.now();
      values.push(...(await job.read()));
      spent = performance.now() - before;
    }
    // Fewer calls where five take too long; what several steps share is then not seen.
    const counts = steps > 1 ? await this.#countsOf(job, 5 * spent > 2 * milliseconds ? 2 : 5) : undefined;
    return { values, ...(counts && { counts }) };
  }

  /** Launches of one call: the difference between a series and one, so that what ends a series is not counted. */
  async #countsOf(job: Job, calls: number): Promise<LaunchCounts | undefined> {
    const contender = this.#opened();
    const during = async (count: number): Promise<LaunchCounts | undefined> => {
      const before = contender.counts?.();
      if (!before) return undefined;
      await job.run(count);
      const after = contender.counts!();
      return { dispatches: after.dispatches - before.dispatches, submits: after.submits - before.submits };
    };
    const [one, series] = [await during(1), await during(calls)];
    return (
      one &&
      series && {
        dispatches: (series.dispatches - one.dispatches) / (calls - 1),
        submits: (series.submits - one.submits) / (calls - 1),
      }
    );
  }
}
