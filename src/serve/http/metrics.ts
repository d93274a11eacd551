import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Pixels } from '../inference/engine.ts';
import type { Answer, ModelHost } from '../inference/host.ts';
import type { InputStatistics } from '../registry/modelRecord.ts';
import { Drift } from './drift.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** The metrics of `/metrics`, in Prometheus' format. */
export class Metrics {
  readonly registry: Registry = new Registry();
  readonly #requests: Histogram<'method' | 'route' | 'status'>;
  readonly #batchSizes: Histogram;
  readonly #batchSeconds: Histogram;
  readonly #rejections: Counter;
  readonly #predictions: Counter<'model' | 'version' | 'class'>;
  readonly #model: Gauge<'name' | 'version' | 'weights'>;
  readonly #drift: Drift = new Drift();
  #reference: InputStatistics | undefined;

  constructor(host: () => ModelHost | undefined) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const histogram = <L extends string>(name: string, help: string, buckets: number[], labels: L[] = []) =>
      new Histogram({ name, help, buckets, labelNames: labels, registers });
    this.#requests = histogram(
      'wgrad_http_request_duration_seconds',
      'From the first byte of a request to the last of its answer.',
      SECONDS,
      ['method', 'route', 'status'],
    );
    this.#batchSizes = histogram('wgrad_batch_images', 'Images in each batch.', SIZES);
    this.#batchSeconds = histogram('wgrad_batch_duration_seconds', 'Time of a batch on the device.', SECONDS);
    this.#rejections = new Counter({
      name: 'wgrad_unhandled_rejections_total',
      help: 'Errors that no request took. Each is a bug; the log has its stack.',
      registers,
    });
    this.#predictions = new Counter({
      name: 'wgrad_predictions_total',
      help: 'Images by predicted class.',
      labelNames: ['model', 'version', 'class'],
      registers,
    });
    this.#model = new Gauge({
      name: 'wgrad_model_info',
      help: 'The current model.',
      labelNames: ['name', 'version', 'weights'],
      registers,
      collect() {
        const model = host()?.model;
        this.reset();
        if (model) {
          const { name, version, weightsSha256 } = model;
          this.set({ name, version, weights: weightsSha256.slice(0, 12) }, 1);
        }
      },
    });
    const gauge = (name: string, help: string, value: () => number | undefined): Gauge =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          const now = value();
          if (now !== undefined) this.set(now);
        },
      });
    gauge('wgrad_ready', '1 if the service is ready for requests.', () => (host()?.model ? 1 : 0));
    gauge('wgrad_queue_images', 'Images waiting for a batch.', () => host()?.waiting ?? 0);
    gauge('wgrad_input_mean', 'Mean brightness of the last 1000 images, in [0, 1].', () => this.#drift.mean);
    gauge(
      'wgrad_training_input_mean',
      'Mean brightness of the training images, in [0, 1].',
      () => this.#reference?.mean,
    );
    gauge(
      'wgrad_input_drift_psi',
      'Population stability index of the brightness of the last 1000 images against the training set; from 0.25 on they differ much. Zero for the first 100 images.',
      () => this.#drift.stabilityIndex,
    );
  }

  countUnhandledRejection(): void {
    this.#rejections.inc();
  }

  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status: String(status) }, seconds);
  }

  observeBatch(images: number, seconds: number): void {
    this.#batchSizes.observe(images);
    this.#batchSeconds.observe(seconds);
  }

  observeAnswers(images: readonly Pixels[], answers: readonly Answer[], labels: readonly number[]): void {
    answers.forEach(({ model }, index) => {
      const name = model.classes[labels[index]!]!;
      this.#predictions.inc({ model: model.name, version: model.version, class: name });
      if (this.#reference !== model.inputStatistics) {
        this.#reference = model.inputStatistics;
        this.#drift.compareWith(model.inputStatistics.deciles);
      }
      this.#drift.add(images[index]!);
    });
  }
}
