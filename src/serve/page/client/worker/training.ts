import { loadSafetensors, saveSafetensors } from '../../../../formats/safetensors/index.ts';
import type { Backend } from '../../../../backend/backend.ts';
import { WgradError } from '../../../../backend/errors.ts';
import type { Module } from '../../../../nn/index.ts';
import type { Configuration } from '../../../../pipeline/config/schema.ts';
import type { Part } from '../../../../pipeline/data/datasets.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../../pipeline/data/description.ts';
import { DeviceDataset } from '../../../../pipeline/data/loader.ts';
import { limited, stratifiedSplit } from '../../../../pipeline/data/split.ts';
import { initialModel } from '../../../../pipeline/models/buildModel.ts';
import { Best } from '../../../../pipeline/training/best.ts';
import { Epoch, stepsPerEpoch } from '../../../../pipeline/training/epoch.ts';
import { average, Meter } from '../../../../pipeline/training/meter.ts';
import { buildOptimizer, buildScaler } from '../../../../pipeline/training/optimizers.ts';
import { buildSchedule, type Schedule } from '../../../../pipeline/training/schedules.ts';
import { capturedSteps, type StepParts } from '../../../../pipeline/training/step.ts';
import { Stopwatch } from '../../../../pipeline/training/stopwatch.ts';
import { classification } from '../../../../pipeline/training/tasks.ts';
import { scope } from '../../../../tensor/scope.ts';
import type { Images } from './download.ts';
import { Insights } from './insights.ts';
import { judge } from './judge.ts';
import type { Judgement, Outcome, TrainingEvent } from './messages.ts';

/** How the page controls a training. */
export interface Control {
  readonly stopped: boolean;
  /** Lets messages arrive. It lasts while the training is paused. */
  turn(): Promise<void>;
}

/** Milliseconds between two turns, and between two reports. */
const TURN = 50;
const REPORT = 250;

/**
 * Trains what a configuration describes, on a device that is the default one.
 *
 * The steps, their order and the choice of the best weights are those of `train` in the pipeline, and so are the results:
 * on the CPU backend to the last bit. It writes no files.
 *
 * @throws WgradError if the loss is not finite, or the device fails
 */
export function trainModel(
  configuration: Configuration,
  device: Backend,
  images: Images,
  report: (event: TrainingEvent) => void,
  control: Control,
): Promise<Outcome> {
  return new Training(configuration, device, images, report, control).run();
}

class Training {
  readonly #configuration: Configuration;
  readonly #device: Backend;
  readonly #images: Images;
  readonly #report: (event: TrainingEvent) => void;
  readonly #control: Control;
  readonly #model: Module;
  readonly #train: Part;
  readonly #validation: Part;
  readonly #parts: StepParts;
  readonly #schedule: Schedule | undefined;
  readonly #best: Best;
  readonly #stopwatch = new Stopwatch();
  readonly #insights: Insights;
  readonly #steps: number;
  #bestWeights: Uint8Array | undefined;
  #epoch = 0;
  #step = 0;
  #lr = 0;
  #turnedAt = 0;
  #reportedAt = 0;

  constructor(
    configuration: Configuration,
    device: Backend,
    images: Images,
    report: (event: TrainingEvent) => void,
    control: Control,
  ) {
    const { seed, data, train } = configuration;
    this.#configuration = configuration;
    this.#device = device;
    this.#images = images;
    this.#report = report;
    this.#control = control;
    this.#model = initialModel(configuration, FASHION_MNIST_DESCRIPTION);
    const { labels } = images.train;
    const split = stratifiedSplit(labels, data.validation, seed);
    const set = new DeviceDataset(device, images.train, FASHION_MNIST_DESCRIPTION);
    this.#train = { set, rows: limited(labels, split.train, train.limitTrain, seed) };
    this.#validation = { set, rows: split.validation };
    const optimizer = buildOptimizer(configuration.optimizer, this.#model.parameters());
    this.#parts = {
      model: this.#model,
      task: classification,
      optimizer,
      meter: new Meter(device, train.logEvery * train.accumulate),
      maxNorm: train.clipGradNorm,
      labelSmoothing: train.labelSmoothing,
      scaler: buildScaler(train, device),
    };
    const perEpoch = stepsPerEpoch(this.#train, configuration);
    this.#steps = perEpoch * train.epochs;
    this.#schedule = buildSchedule(configuration, optimizer, perEpoch);
    this.#best = new Best(train.best);
    this.#insights = new Insights(this.#model, this.#validation);
  }

  async run(): Promise<Outcome> {
    const { epochs } = this.#configuration.train;
    await this.#look();
    while (this.#epoch < epochs && !this.#control.stopped) {
      if (!(await this.#takeEpoch(this.#epoch + 1))) break;
      this.#epoch++;
      await this.#validate();
    }
    return this.#finish();
  }

  /** Trains for one epoch; false where it was stopped before its end. */
  async #takeEpoch(number: number): Promise<boolean> {
    const total = this.#train.rows.length;
    const epoch = new Epoch(this.#train, this.#configuration, number);
    const stepper = capturedSteps(this.#parts, this.#device);
    this.#stopwatch.start();
    try {
      for (const step of epoch.steps(0)) {
        this.#lr = this.#parts.optimizer.lr;
        await stepper.take(step);
        this.#schedule?.afterStep();
        this.#step++;
        const now = performance.now();
        const isDue = this.#parts.meter.full || step.done === total || now - this.#reportedAt > REPORT;
        if (isDue) await this.#measure(number, step.done);
        if (isDue || now - this.#turnedAt > TURN) await this.#turn();
        if (this.#control.stopped && step.done < total) {
          await this.#measure(number, step.done);
          return false;
        }
      }
      return true;
    } finally {
      await stepper.dispose();
      epoch.dispose();
    }
  }

  /** Reads the metrics of the last steps, which waits for the device. */
  async #measure(epoch: number, done: number): Promise<void> {
    const { batchSize } = this.#configuration.train;
    const reading = await this.#parts.meter.read();
    if (reading.losses.length === 0) return;
    const bad = reading.losses.find((loss) => !Number.isFinite(loss));
    if (bad !== undefined) {
      throw new WgradError(`The loss became ${bad} in epoch ${epoch}. Choose a lower learning rate.`);
    }
    const { samples, loss, accuracy } = average(reading, batchSize, done % batchSize || batchSize);
    this.#stopwatch.lap(samples);
    this.#report({
      kind: 'progress',
      epoch,
      step: this.#step,
      steps: this.#steps,
      loss,
      accuracy,
      lr: this.#lr,
      samplesPerSecond: this.#stopwatch.samplesPerSecond,
    });
    await this.#look();
    this.#stopwatch.start();
    this.#reportedAt = performance.now();
  }

  /** Shows the filters, and how the model does now, where that is due. */
  async #look(): Promise<void> {
    for (const event of await this.#insights.due(this.#step)) this.#report(event);
  }

  async #turn(): Promise<void> {
    const before = performance.now();
    await this.#control.turn();
    this.#turnedAt = performance.now();
    // The time of a pause does not count.
    if (this.#turnedAt - before > TURN) this.#stopwatch.start();
  }

  async #validate(): Promise<void> {
    if (this.#validation.rows.length === 0) return this.#schedule?.afterEpoch(null);
    const judgement = await judge(this.#model, this.#validation);
    this.#report({ kind: 'validation', epoch: this.#epoch, step: this.#step, judgement });
    this.#schedule?.afterEpoch(judgement);
    if (this.#best.note(this.#epoch, judgement))
      this.#bestWeights = await saveSafetensors(this.#model.stateDict());
  }

  /** Tests the best weights; the present ones where no epoch was finished. */
  async #finish(): Promise<Outcome> {
    const model = this.#model;
    if (this.#bestWeights) {
      const stored = this.#bestWeights;
      scope(() => void model.loadStateDict(loadSafetensors(stored, { device: this.#device }).tensors));
    }
    const { test } = this.#images;
    const set = new DeviceDataset(this.#device, test, FASHION_MNIST_DESCRIPTION);
    const judgement: Judgement = await judge(model, { set, rows: Uint32Array.from(test.labels.keys()) });
    return {
      stopped: this.#control.stopped && this.#epoch < this.#configuration.train.epochs,
      test: judgement,
      epochs: this.#epoch,
      steps: this.#step,
      bestEpoch: this.#best.state.epoch,
      samplesPerSecond: this.#stopwatch.samplesPerSecond,
      seconds: this.#stopwatch.state.trainingSeconds,
      parameters: model.parameterCount(),
      weights: await saveSafetensors(model.stateDict(), { format: 'pt', model: String(model) }),
    };
  }
}
