import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Pixels } from '../inference/engine.ts';
import type { Answer, ModelHost } from '../inference/host.ts';
import type { InputStatistics, ModelRecord } from '../registry/modelRecord.ts';
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
  /** By the name of the model. */
  readonly #inputs = new Map<string, { drift: Drift; reference: InputStatistics }>();
  /** Set when the service stops. */
  isStopping = false;

  constructor(hosts: () => readonly ModelHost[]) {
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
      help: 'The current models.',
      labelNames: ['name', 'version', 'weights'],
      registers,
      collect() {
        this.reset();
        for (const { model } of hosts()) {
          if (!model) continue;
          const { name, version, weightsSha256 } = model;
          this.set({ name, version, weights: weightsSha256.slice(0, 12) }, 1);
        }
      },
    });
    const gauge = (name: string, help: string, value: () => number): Gauge =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    gauge('wgrad_ready', '1 if the service is ready for requests.', () => {
      const isReady = hosts().length > 0 && hosts().every(({ unreadyReason }) => unreadyReason === undefined);
      return isReady && !this.isStopping ? 1 : 0;
    });
    gauge('wgrad_queue_images', 'Images waiting for a batch.', () =>
      hosts().reduce((sum, { waiting }) => sum + waiting, 0),
    );
    const inputs = this.#inputs;
    const ofInputs = (
      name: string,
      help: string,
      value: (input: { drift: Drift; reference: InputStatistics }) => number | undefined,
    ): Gauge<'model'> =>
      new Gauge({
        name,
        help,
        labelNames: ['model'],
        registers,
        collect() {
          for (const [model, input] of inputs) {
            const now = value(input);
            if (now !== undefined) this.set({ model }, now);
          }
        },
      });
    ofInputs(
      'wgrad_input_mean',
      'Mean brightness of the last 1000 images, in [0, 1].',
      ({ drift }) => drift.mean,
    );
    ofInputs(
      'wgrad_training_input_mean',
      'Mean brightness of the training images, in [0, 1].',
      ({ reference }) => reference.mean,
    );
    ofInputs(
      'wgrad_input_drift_psi',
      'Population stability index of the brightness of the last 1000 images against the training set; from 0.25 on they differ much. Missing for the first 100 images.',
      ({ drift }) => drift.stabilityIndex,
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
      const drift = this.#driftOf(model);
      drift.add(images[index]!);
    });
  }

  #driftOf({ name, inputStatistics }: ModelRecord): Drift {
    const known = this.#inputs.get(name);
    if (known?.reference === inputStatistics) return known.drift;
    const drift = known?.drift ?? new Drift();
    drift.compareWith(inputStatistics.deciles);
    this.#inputs.set(name, { drift, reference: inputStatistics });
    return drift;
  }
}
