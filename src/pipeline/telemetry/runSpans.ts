import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { JournalRecord } from '../runs/journal/records.ts';
import type { Observer } from '../tracking/tracking.ts';
import type { TrackedRun } from '../tracking/tracker.ts';

/**
 * Traces trainings: a span for the run, and one inside it for each epoch, which ends with the validation. Times are those of
 * the journal. A resumed run is a trace of its own, which begins with the epoch in which it continues.
 *
 * @example await startRun(configuration, { signal, observers: [runSpans(tracing.tracer)] });
 */
export function runSpans(tracer: Tracer): Observer {
  return { name: 'traces', open: (run) => new RunSpans(tracer, run) };
}

class RunSpans {
  readonly #tracer: Tracer;
  readonly #run: Span;
  readonly #inside: Context;
  /** The epoch that is being trained. */
  #epoch: { readonly number: number; readonly span: Span } | undefined;
  /** When the last record was written. */
  #now: number = Date.now();

  constructor(tracer: Tracer, { id, configuration }: TrackedRun) {
    this.#tracer = tracer;
    this.#run = tracer.startSpan(
      'train',
      {
        startTime: this.#now,
        attributes: {
          'wgrad.run': id,
          'wgrad.model': configuration.model.name,
          'wgrad.epochs': configuration.train.epochs,
          'wgrad.seed': configuration.seed,
        },
      },
      ROOT_CONTEXT,
    );
    this.#inside = trace.setSpan(ROOT_CONTEXT, this.#run);
  }

  write(record: JournalRecord): void {
    const span = record.kind === 'end' || record.kind === 'test' ? this.#run : this.#spanOf(record.epoch);
    this.#now = record.time ?? Date.now();
    if ('metrics' in record) {
      for (const [name, value] of Object.entries(record.metrics)) {
        // JSON has no NaN.
        span.setAttribute(`wgrad.${record.kind}.${name}`, Number.isFinite(value) ? value : String(value));
      }
    }
    span.setAttribute('wgrad.step', record.step);
    if (record.kind !== 'end') return;
    this.#run.setAttribute('wgrad.status', record.status);
    if (record.status === 'failed') this.#run.setStatus({ code: SpanStatusCode.ERROR });
  }

  close(): Promise<void> {
    this.#endEpoch();
    this.#run.end(this.#now);
    return Promise.resolve();
  }

  /** The span of an epoch; that of the epoch before ends where this one begins, with its last record. */
  #spanOf(number: number): Span {
    if (this.#epoch?.number === number) return this.#epoch.span;
    this.#endEpoch();
    const options = { startTime: this.#now, attributes: { 'wgrad.epoch': number } };
    const span = this.#tracer.startSpan('epoch', options, this.#inside);
    this.#epoch = { number, span };
    return span;
  }

  #endEpoch(): void {
    this.#epoch?.span.end(this.#now);
    this.#epoch = undefined;
  }
}
