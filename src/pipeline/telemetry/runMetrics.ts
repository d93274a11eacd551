import { Gauge, type Registry } from 'prom-client';
import { isMetrics, type JournalRecord } from '../runs/journal/records.ts';
import type { Observer } from '../tracking/tracking.ts';

const PARTS = ['train', 'validation', 'test'] as const;

/** Metrics of trainings: where each is, how fast, and how well. They have the run's id as a label, and go when it ends. */
export class RunMetrics {
  readonly #epochs: Gauge<'run'>;
  readonly #place: Readonly<Record<'epoch' | 'step', Gauge<'run'>>>;
  readonly #speed: Gauge<'run'>;
  readonly #parts: Readonly<Record<'loss' | 'accuracy', Gauge<'run' | 'part'>>>;

  constructor(registry: Registry) {
    const gauge = <L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> =>
      new Gauge({ name: `wgrad_training_${name}`, help, labelNames, registers: [registry] });
    this.#epochs = gauge('epochs', 'The last epoch, unless the training stops early.', ['run']);
    this.#place = {
      epoch: gauge('epoch', 'The epoch, counted from 1.', ['run']),
      step: gauge('step', 'Optimizer steps since the start of the training.', ['run']),
    };
    this.#speed = gauge('samples_per_second', 'Images a second, without validation and checkpoints.', [
      'run',
    ]);
    this.#parts = {
      loss: gauge('loss', 'Loss of the last training steps, or of the validation images.', ['run', 'part']),
      accuracy: gauge('accuracy', 'Share of images classified correctly, as for the loss.', ['run', 'part']),
    };
  }

  start(run: string, epochs: number): void {
    this.#epochs.set({ run }, epochs);
  }

  note(run: string, record: JournalRecord): void {
    this.#place.epoch.set({ run }, record.epoch);
    this.#place.step.set({ run }, record.step);
    if (!isMetrics(record)) return;
    const { samplesPerSecond, ...metrics } = record.metrics;
    if (samplesPerSecond !== undefined) this.#speed.set({ run }, samplesPerSecond);
    for (const [name, gauge] of Object.entries(this.#parts)) {
      const value = metrics[name];
      if (value !== undefined) gauge.set({ run, part: record.kind }, value);
    }
  }

  end(run: string): void {
    for (const gauge of [this.#epochs, ...Object.values(this.#place), this.#speed]) gauge.remove({ run });
    for (const gauge of Object.values(this.#parts)) {
      for (const part of PARTS) gauge.remove({ run, part });
    }
  }

  /** @example await startRun(configuration, { signal, observers: [new RunMetrics(registry).observer()] }); */
  observer(): Observer {
    return {
      name: 'metrics',
      open: ({ id, configuration }) => {
        this.start(id, configuration.train.epochs);
        return {
          write: (record) => this.note(id, record),
          close: () => {
            this.end(id);
            return Promise.resolve();
          },
        };
      },
    };
  }
}
