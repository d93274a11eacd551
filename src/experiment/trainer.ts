import { join } from 'node:path';
import type { Backend } from '../backend/backend.ts';
import { WgradError } from '../backend/errors.ts';
import { changesImages } from '../data/augmentation.ts';
import type { Batch } from '../data/loader.ts';
import { permutation } from '../data/permutation.ts';
import type { Module } from '../nn/index.ts';
import { crossEntropy } from '../ops/crossEntropy.ts';
import { clipGradNorm, type Optimizer } from '../optim/index.ts';
import { scope } from '../tensor/scope.ts';
import { hashWeights, loadWeights, type Position, saveCheckpoint } from './checkpoint.ts';
import { type Configuration, printConfiguration } from './configuration.ts';
import type { Datasets } from './datasets.ts';
import { type Evaluation, evaluate } from './evaluation.ts';
import type { Journal } from './journal.ts';
import { Meter } from './meter.ts';
import { createProgress, type Progress } from './progress.ts';
import type { RunDirectory } from './runDirectory.ts';
import { buildSchedule, type Schedule } from './schedules.ts';
import type { Summary } from './summary.ts';

/** All that a training works with. */
export interface Training {
  configuration: Configuration;
  device: Backend;
  model: Module;
  optimizer: Optimizer;
  datasets: Datasets;
  directory: RunDirectory;
  journal: Journal;
  /** Aborted by Ctrl-C: the training ends after the current steps, with a checkpoint. */
  signal: AbortSignal;
}

/** The training stopped early; the message names the last good checkpoint. */
export class TrainingError extends WgradError {
  override name = 'TrainingError';
}

/** Ctrl-C was pressed; a checkpoint was written. */
export class Interruption extends TrainingError {
  override name = 'Interruption';
}

/**
 * Trains for the configured epochs, validates after each, keeps the best and the last checkpoint, and tests the
 * best.
 *
 * @throws TrainingError when the loss is not finite, or the device fails; Interruption on Ctrl-C
 */
export async function train(training: Training): Promise<Summary> {
  return new Trainer(training).run();
}

class Trainer {
  readonly #training: Training;
  readonly #meter: Meter;
  readonly #schedule: Schedule | undefined;
  readonly #yaml: string;
  readonly #best: string;
  readonly #last: string;
  #position: Position = { epoch: 0, step: 0 };
  #saved: Position = { epoch: 0, step: 0 };
  #bestAccuracy = -1;
  /** The learning rate of the last step. */
  #lr = 0;
  #trainedSamples = 0;
  #trainedSeconds = 0;
  #stopwatch = 0;
  #secondsToFirstStep = 0;

  constructor(training: Training) {
    const { configuration, device, directory, optimizer, datasets } = training;
    this.#training = training;
    this.#meter = new Meter(device, configuration.train.logEvery);
    const steps = Math.ceil(datasets.train.rows.length / configuration.train.batchSize);
    this.#schedule = buildSchedule(configuration, optimizer, steps);
    this.#yaml = printConfiguration(configuration);
    this.#best = join(directory.checkpoints, 'best.safetensors');
    this.#last = join(directory.checkpoints, 'last.safetensors');
  }

  async run(): Promise<Summary> {
    const { configuration, model, datasets, device, journal } = this.#training;
    await this.#save(this.#last);
    let validation: Evaluation | null = null;
    try {
      for (let epoch = 1; epoch <= configuration.train.epochs; epoch++) {
        const measured = await this.#epoch(epoch);
        if (measured) validation = measured;
      }
    } catch (error) {
      throw this.#explain(error);
    }
    await loadWeights(this.#best, model);
    const test = await evaluate(model, datasets.test);
    journal.append({ kind: 'test', ...this.#position, metrics: { ...test } });
    return {
      testAccuracy: test.accuracy,
      testLoss: test.loss,
      validation: validation && (await evaluate(model, datasets.validation)),
      samplesPerSecond: this.#trainedSamples / this.#trainedSeconds,
      secondsToFirstStep: this.#secondsToFirstStep,
      seconds: performance.now() / 1000,
      device: `${device.name}: ${device.description}`,
      seed: configuration.seed,
      parameterCount: model.parameterCount(),
      weightsSha256: await hashWeights(model),
    };
  }

  async #epoch(epoch: number): Promise<Evaluation | null> {
    const { configuration, datasets, journal } = this.#training;
    const { set, rows } = datasets.train;
    const shuffled = permutation(rows.length, { seed: configuration.seed, stream: epoch }).map(
      (at) => rows[at]!,
    );
    const order = set.order(shuffled);
    const { augmentation } = configuration.data;
    const draw = changesImages(augmentation)
      ? { ...augmentation, seed: configuration.seed, stream: epoch }
      : undefined;
    const label = `epoch ${epoch}/${configuration.train.epochs}`;
    const progress = createProgress({ total: rows.length, label });
    this.#stopwatch = performance.now();
    try {
      for (let start = 0; start < rows.length; start += configuration.train.batchSize) {
        const size = Math.min(configuration.train.batchSize, rows.length - start);
        this.#step(() => set.batch(order, start, size, draw));
        if (this.#meter.full || start + size === rows.length)
          await this.#report(epoch, start + size, progress);
        if (this.#position.step === 1) await this.#noteFirstStep();
      }
    } finally {
      progress.stop();
      order.dispose();
    }
    this.#position = { ...this.#position, epoch };
    const validation = datasets.validation.rows.length > 0 ? await this.#validate(label) : null;
    if (validation) {
      const weightsSha256 = await hashWeights(this.#training.model);
      journal.append({ kind: 'validation', ...this.#position, metrics: { ...validation }, weightsSha256 });
    }
    this.#schedule?.afterEpoch(validation);
    await this.#save(this.#last);
    // Without validation images the last weights are the best that is known.
    if (!validation || validation.accuracy > this.#bestAccuracy) {
      this.#bestAccuracy = validation?.accuracy ?? -1;
      await this.#save(this.#best);
    }
    return validation;
  }

  #step(nextBatch: () => Batch): void {
    const { configuration, model, optimizer } = this.#training;
    const { clipGradNorm: maxNorm } = configuration.train;
    this.#lr = optimizer.lr;
    scope(() => {
      const { images, labels } = nextBatch();
      const logits = model.forward(images);
      const loss = crossEntropy(logits, labels);
      loss.backward();
      if (maxNorm !== undefined) clipGradNorm(model.parameters(), maxNorm);
      optimizer.step();
      optimizer.zeroGrad();
      this.#meter.record(loss, logits, labels);
    });
    this.#schedule?.afterStep();
    this.#position = { ...this.#position, step: this.#position.step + 1 };
  }

  /** Reads the metrics, and looks whether to stop. */
  async #report(epoch: number, done: number, progress: Progress): Promise<void> {
    const { configuration, journal, signal } = this.#training;
    const batches = this.#meter.pending;
    const { losses, correct } = await this.#meter.read();
    // Only a reading waits for the device: what has run by now has taken the time until now.
    this.#trainedSeconds += (performance.now() - this.#stopwatch) / 1000;
    this.#stopwatch = performance.now();
    const bad = losses.findIndex((loss) => !Number.isFinite(loss));
    if (bad >= 0) {
      const step = this.#position.step - batches + bad + 1;
      throw new WgradError(
        `The loss became ${losses[bad]!} at step ${step} (epoch ${epoch}). ` +
          'A lower optimizer.lr is the usual remedy; look at the data for values that are not finite, too.',
      );
    }
    const { batchSize } = configuration.train;
    const lastSize = done % batchSize || batchSize;
    const samples = (batches - 1) * batchSize + lastSize;
    const total = losses.reduce(
      (sum, loss, index) => sum + loss * (index < batches - 1 ? batchSize : lastSize),
      0,
    );
    this.#trainedSamples += samples;
    const metrics = {
      loss: total / samples,
      accuracy: correct / samples,
      lr: this.#lr,
      samplesPerSecond: this.#trainedSamples / this.#trainedSeconds,
    };
    journal.append({ kind: 'train', epoch, step: this.#position.step, metrics });
    progress.update(done, metrics);
    // Signals arrive between turns of the event loop, and the CPU backend never waits.
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) {
      progress.note('stopping after a checkpoint; Ctrl-C again stops at once');
      await this.#save(this.#last);
      throw new Interruption(`Interrupted in epoch ${epoch} at step ${this.#position.step}.`);
    }
  }

  async #validate(label: string): Promise<Evaluation> {
    const { model, datasets } = this.#training;
    const validation = await evaluate(model, datasets.validation);
    process.stderr.write(
      `${label}: validation loss ${validation.loss.toFixed(4)}, accuracy ${(100 * validation.accuracy).toFixed(2)} %\n`,
    );
    return validation;
  }

  async #noteFirstStep(): Promise<void> {
    await this.#training.device.synchronize();
    this.#secondsToFirstStep = performance.now() / 1000;
  }

  async #save(path: string): Promise<void> {
    const { model, optimizer } = this.#training;
    await saveCheckpoint(path, model, optimizer, this.#position, this.#yaml, this.#schedule);
    this.#saved = this.#position;
  }

  /** The error, and where the last good checkpoint is. */
  #explain(error: unknown): unknown {
    if (!(error instanceof WgradError)) return error;
    const { epoch, step } = this.#saved;
    const where = `The last good checkpoint is ${this.#last} (epoch ${epoch}, step ${step}).`;
    const Kind = error instanceof Interruption ? Interruption : TrainingError;
    return new Kind(`${error.message}\n${where}`, { cause: error });
  }
}
