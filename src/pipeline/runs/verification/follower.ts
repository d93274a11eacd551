import type { Journal, MetricsRecord } from '../journal/journal.ts';
import { isMetrics } from '../journal/records.ts';

/** The first record in which a re-execution differs from the recorded run. */
export interface RecordDifference {
  readonly kind: MetricsRecord['kind'];
  readonly epoch: number;
  /** The weights diverged after `lastEqualStep`, at this step at the latest. */
  readonly step: number;
  /** The step of the last equal reading before it; 0 where there is none. */
  readonly lastEqualStep: number;
  /** `loss`, `weightsSha256`, or `record` where another record was expected. */
  readonly field: string;
  readonly recorded: number | string;
  readonly now: number | string;
}

/** Metrics that depend on the clock. */
const TIMED = new Set(['samplesPerSecond', 'seconds']);

/** Compares the records of a training, as they are written, with those of an earlier one. */
export class Follower {
  readonly #recorded: readonly MetricsRecord[];
  readonly #stop: () => void;
  /** Records that have been compared and are equal. */
  equalReadings = 0;
  difference: RecordDifference | undefined;

  /**
   * @param recorded the records to compare with, at least one
   * @param stop called at the first difference, and when all records have been compared
   */
  constructor(recorded: readonly MetricsRecord[], stop: () => void) {
    this.#recorded = recorded;
    this.#stop = stop;
  }

  /** The step of the last equal record; 0 where there is none. */
  get equalSteps(): number {
    return this.#recorded[this.equalReadings - 1]?.step ?? 0;
  }

  /** Whether all recorded records have come again. */
  get isComplete(): boolean {
    return this.equalReadings === this.#recorded.length;
  }

  /** A journal that writes to another one, and compares. */
  watch(journal: Journal): Journal {
    return {
      ...journal,
      append: (record) => {
        journal.append(record);
        if (isMetrics(record)) this.#compare(record);
      },
    };
  }

  #compare(now: MetricsRecord): void {
    const recorded = this.#recorded[this.equalReadings];
    if (this.difference || !recorded) return;
    this.difference = firstDifference(recorded, now, this.equalSteps);
    if (!this.difference) this.equalReadings++;
    if (this.difference || this.isComplete) this.#stop();
  }
}

/** The first difference of two records, except for timings and metrics that were not recorded. */
function firstDifference(
  recorded: MetricsRecord,
  now: MetricsRecord,
  lastEqualStep: number,
): RecordDifference | undefined {
  const { kind, epoch, step } = now;
  const differs = (field: string, before: number | string, after: number | string): RecordDifference => {
    return { kind, epoch, step, lastEqualStep, field, recorded: before, now: after };
  };
  if (title(recorded) !== title(now)) return differs('record', title(recorded), title(now));
  for (const [field, before] of Object.entries(recorded.metrics)) {
    const after = now.metrics[field];
    if (!TIMED.has(field) && !Object.is(before, after)) return differs(field, before, after ?? 'nothing');
  }
  if (recorded.weightsSha256 !== undefined && recorded.weightsSha256 !== now.weightsSha256) {
    return differs('weightsSha256', recorded.weightsSha256, now.weightsSha256 ?? 'nothing');
  }
  return undefined;
}

function title({ kind, epoch, step }: MetricsRecord): string {
  return `${kind}, epoch ${epoch}, step ${step}`;
}
