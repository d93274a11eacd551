import { basename, join } from 'node:path';
import { Counter, Gauge, type Registry } from 'prom-client';
import { WgradError } from '../../backend/errors.ts';
import { type MetricsRecord, readJournal } from '../runs/journal/journal.ts';
import { RunMetrics } from '../telemetry/runMetrics.ts';
import type { Trial } from './trial.ts';

const STATUSES = ['finished', 'failed', 'interrupted', 'pruned'] as const;

/** Metrics of the trials of this process: how many run and ended, and how those that run are doing. */
export class TrialMetrics {
  readonly #running = new Set<Trial>();
  readonly #ended: Counter<'status'>;
  readonly #runs: RunMetrics;

  constructor(registry: Registry) {
    const running = this.#running;
    // Reads before the metrics of the runs are asked for, which come after it.
    new Gauge({
      name: 'wgrad_trials_running',
      help: 'Trials that this process runs now.',
      registers: [registry],
      collect() {
        this.set(running.size);
        for (const { path } of running) {
          for (const record of recordsOf(path)) runs.note(basename(path), record);
        }
      },
    });
    this.#ended = new Counter({
      name: 'wgrad_trials_total',
      help: 'Trials that ended, by status.',
      labelNames: ['status'],
      registers: [registry],
    });
    for (const status of STATUSES) this.#ended.inc({ status }, 0);
    const runs = new RunMetrics(registry);
    this.#runs = runs;
  }

  /** Counts a trial while `run` runs it, which is in a process of its own: its metrics are read from its journal. */
  async watch<T extends { readonly status: string }>(trial: Trial, run: () => Promise<T>): Promise<T> {
    const id = basename(trial.path);
    this.#running.add(trial);
    this.#runs.start(id, trial.configuration.train.epochs);
    try {
      const state = await run();
      if (state.status !== 'waiting') this.#ended.inc({ status: state.status });
      return state;
    } catch (error) {
      this.#ended.inc({ status: 'failed' });
      throw error;
    } finally {
      this.#running.delete(trial);
      this.#runs.end(id);
    }
  }
}

/** The metrics that a run has recorded; none while it has no journal. */
function recordsOf(path: string): MetricsRecord[] {
  try {
    return readJournal(join(path, 'metrics.jsonl'));
  } catch (error) {
    if (error instanceof WgradError) return [];
    throw error;
  }
}
