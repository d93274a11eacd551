import { join } from 'node:path';
import type { Backend } from '../../backend/backend.ts';
import { WgradError } from '../../backend/errors.ts';
import type { Module } from '../../nn/index.ts';
import { GradScaler, type Optimizer } from '../../optim/index.ts';
import { getRngState } from '../../tensor/random.ts';
import { Best } from './best.ts';
import {
  type Checkpoint,
  hashWeights,
  loadWeights,
  type Position,
  restoreCheckpoint,
  saveCheckpoint,
} from '../checkpoint/checkpoint.ts';
import { BEST, LAST, retireLast } from '../checkpoint/files.ts';
import { type Configuration, printConfiguration } from '../config/configuration.ts';
import type { Datasets } from '../data/datasets.ts';
import { Epoch, type EpochStep, stepsPerEpoch } from './epoch.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import type { Journal } from '../runs/journal/journal.ts';
import { average, Meter } from './meter.ts';
import { createProgress, type Progress } from './progress.ts';
import type { RunDirectory } from '../runs/directory.ts';
import { buildSchedule, type Schedule } from './schedules.ts';
import { capturedSteps, plainSteps, type Stepper, type StepWatcher } from './step.ts';
import { Stopwatch } from './stopwatch.ts';
import type { StopReason, Summary } from '../runs/summary.ts';

/** All that a training works with. */
export interface Training {
  configuration: Configuration;
  device: Backend;
  model: Module;
  optimizer: Optimizer;
  datasets: Datasets;
  directory: RunDirectory;
  /** Rewound to the checkpoint, where the training goes on from one. */
  journal: Journal;
  /** Aborted by Ctrl-C: the training ends after the current steps, with a checkpoint. */
  signal: AbortSignal;
  /** Where to go on from; a training without it starts from the beginning. */
  checkpoint?: Checkpoint;
  /** Called when an epoch is validated, before its checkpoint: to record more than metrics. */
  afterEpoch?: (position: Position) => Promise<void>;
  /** Compares a replayed step with the step itself every so many steps of an epoch. */
  verifyCapture?: number;
  /** Profiles some of the steps. */
  profiler?: StepWatcher;
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
 * Trains for the configured epochs, or until early stopping or the time limit ends it, validates after each epoch,
 * keeps the best and the last checkpoints, and tests the best.
 *
 * From a checkpoint on, all is as if the training had never stopped, bit by bit: checkpoints are written where metrics
 * have just been read, so that nothing is under way, and they hold all that the steps to come depend on.
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
  readonly #best: Best;
  readonly #stopping: Best;
  readonly #stopwatch: Stopwatch;
  readonly #stepsPerEpoch: number;
  /** Where steps are computed with float16 factors. */
  readonly #scaler: GradScaler | undefined;
  #position: Position = { epoch: 0, step: 0 };
  /** Where the last checkpoint was written; undefined while there is none. */
  #saved: Position | undefined;
  /** The learning rate of the last step. */
  #lr = 0;

  constructor(training: Training) {
    const { configuration, device, optimizer, datasets, checkpoint, model } = training;
    const { accumulate, logEvery, best, earlyStopping, precision } = configuration.train;
    if (precision === 'float16') this.#scaler = scalerOn(device);
    this.#training = training;
    this.#meter = new Meter(device, logEvery * accumulate);
    this.#stepsPerEpoch = stepsPerEpoch(datasets.train, configuration);
    this.#schedule = buildSchedule(configuration, optimizer, this.#stepsPerEpoch);
    this.#yaml = printConfiguration(configuration);
    this.#best = new Best(best);
    this.#stopping = new Best(earlyStopping ?? best);
    this.#stopwatch = new Stopwatch(checkpoint?.progress);
    if (!checkpoint) return;
    restoreCheckpoint(checkpoint, model, optimizer, this.#schedule, this.#scaler);
    this.#position = this.#saved = checkpoint.position;
    this.#best.load(checkpoint.progress.best);
    this.#stopping.load(checkpoint.progress.stopping);
  }

  async run(): Promise<Summary> {
    try {
      if (!this.#saved) await this.#saveLast();
      while (!this.#stopReason) await this.#epoch();
      return await this.#finish(this.#stopReason);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Why the training ends here; undefined while it does not. */
  get #stopReason(): StopReason | undefined {
    const { epochs, earlyStopping, maxMinutes = Infinity } = this.#training.configuration.train;
    if (earlyStopping && this.#stopping.state.stale >= earlyStopping.patience) return 'earlyStopping';
    if (this.#position.epoch >= epochs) return 'epochs';
    // A training whose start took all the time shall have something to show for it.
    const timeUp = this.#position.step > 0 && this.#stopwatch.seconds >= 60 * maxMinutes;
    return timeUp ? 'maxMinutes' : undefined;
  }

  /** Trains to the end of the epoch, wherever in it the position is, or until the time is up. */
  async #epoch(): Promise<void> {
    const { configuration, datasets, journal } = this.#training;
    const epoch = this.#position.epoch + 1;
    const label = `epoch ${epoch}/${configuration.train.epochs}`;
    if (!(await this.#steps(epoch, label))) return;
    this.#position = { ...this.#position, epoch };
    const validation = datasets.validation.rows.length > 0 ? await this.#validate(label) : null;
    if (validation) {
      const weightsSha256 = await hashWeights(this.#training.model);
      journal.append({ kind: 'validation', ...this.#position, metrics: { ...validation }, weightsSha256 });
    }
    await this.#training.afterEpoch?.(this.#position);
    this.#schedule?.afterEpoch(validation);
    if (validation) this.#stopping.note(epoch, validation);
    // Without validation images the last weights are the best that is known. The best goes first: a training that is
    // killed between the two repeats the epoch's end.
    if (!validation || this.#best.note(epoch, validation)) await this.#save(BEST);
    await this.#saveLast();
  }

  /** The steps that the epoch still lacks; false where the time was up before the last. */
  async #steps(number: number, label: string): Promise<boolean> {
    const { configuration, datasets, device } = this.#training;
    const total = datasets.train.rows.length;
    const epoch = new Epoch(datasets.train, configuration, number);
    const progress = createProgress({ total, label });
    const stepper = this.#stepper();
    this.#stopwatch.start();
    try {
      for (const step of epoch.steps(this.#position.step - (number - 1) * this.#stepsPerEpoch)) {
        await this.#step(stepper, step);
        await this.#stopwatch.noteFirstStep(device);
        if (!this.#meter.full && step.done < total) continue;
        await this.#report(number, step.done, progress);
        if (step.done < total && (await this.#rest())) return false;
      }
      return true;
    } finally {
      progress.stop();
      await stepper.dispose();
      epoch.dispose();
    }
  }

  /** Takes the steps of one epoch. */
  #stepper(): Stepper {
    const { configuration, device, model, optimizer, verifyCapture, profiler } = this.#training;
    const { capture, clipGradNorm: maxNorm } = configuration.train;
    const parts = {
      model,
      optimizer,
      meter: this.#meter,
      ...(maxNorm !== undefined && { maxNorm }),
      ...(this.#scaler && { scaler: this.#scaler }),
    };
    const stepper = capture ? capturedSteps(parts, device, verifyCapture) : plainSteps(parts);
    return profiler?.watch(stepper, device, this.#position.step) ?? stepper;
  }

  async #step(stepper: Stepper, step: EpochStep): Promise<void> {
    this.#lr = this.#training.optimizer.lr;
    await stepper.take(step);
    this.#schedule?.afterStep();
    this.#position = { ...this.#position, step: this.#position.step + 1 };
  }

  /** Reads the metrics, and ends the training where they are not finite or Ctrl-C was pressed. */
  async #report(epoch: number, done: number, progress: Progress): Promise<void> {
    const { configuration, journal, signal } = this.#training;
    const { batchSize, accumulate } = configuration.train;
    const reading = await this.#meter.read();
    const bad = reading.losses.findIndex((loss) => !Number.isFinite(loss));
    if (bad >= 0) {
      const stepsRead = Math.ceil(reading.losses.length / accumulate);
      const step = this.#position.step - stepsRead + Math.floor(bad / accumulate) + 1;
      throw new WgradError(
        `The loss became ${reading.losses[bad]!} at step ${step} (epoch ${epoch}). ` +
          'A lower optimizer.lr is the usual remedy; look at the data for values that are not finite, too.',
      );
    }
    const { samples, loss, accuracy } = average(reading, batchSize, done % batchSize || batchSize);
    this.#stopwatch.lap(samples);
    const metrics = {
      loss,
      accuracy,
      lr: this.#lr,
      samplesPerSecond: this.#stopwatch.samplesPerSecond,
      ...(this.#scaler && { lossScale: await this.#scaler.getScale() }),
    };
    journal.append({ kind: 'train', epoch, step: this.#position.step, metrics });
    progress.update(done, metrics);
    // Signals arrive between turns of the event loop, and the CPU backend never waits.
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) {
      progress.note('stopping after a checkpoint; Ctrl-C again stops at once');
      await this.#saveLast();
      throw new Interruption(`Interrupted in epoch ${epoch} at step ${this.#position.step}.`);
    }
  }

  /** Writes a checkpoint where one is due within an epoch; true when the time is up. */
  async #rest(): Promise<boolean> {
    const timeUp = this.#stopReason === 'maxMinutes';
    const since = this.#position.step - this.#saved!.step;
    if (timeUp || since >= this.#training.configuration.train.checkpointEvery) await this.#saveLast();
    this.#stopwatch.start();
    return timeUp;
  }

  async #validate(label: string): Promise<Evaluation> {
    const { model, datasets } = this.#training;
    const validation = await evaluate(model, datasets.validation);
    process.stderr.write(
      `${label}: validation loss ${validation.loss.toFixed(4)}, accuracy ${(100 * validation.accuracy).toFixed(2)} %\n`,
    );
    return validation;
  }

  /** Tests the best weights. */
  async #finish(stopped: StopReason): Promise<Summary> {
    const { configuration, model, datasets, device, directory, journal } = this.#training;
    // No epoch was finished, or none had a finite metric: the present weights are all there is.
    if (this.#best.state.epoch === 0 && datasets.validation.rows.length > 0) await this.#save(BEST);
    await loadWeights(join(directory.checkpoints, BEST), model);
    const test = await evaluate(model, datasets.test);
    journal.append({ kind: 'test', ...this.#position, metrics: { ...test } });
    return {
      testAccuracy: test.accuracy,
      testLoss: test.loss,
      validation: datasets.validation.rows.length > 0 ? await evaluate(model, datasets.validation) : null,
      stopped,
      epochs: this.#position.epoch,
      steps: this.#position.step,
      bestEpoch: this.#best.state.epoch || this.#position.epoch,
      samplesPerSecond: this.#stopwatch.samplesPerSecond,
      secondsToFirstStep: this.#stopwatch.secondsToFirstStep,
      seconds: this.#stopwatch.seconds,
      device: deviceText(device),
      precision: configuration.train.precision,
      seed: configuration.seed,
      parameterCount: model.parameterCount(),
      weightsSha256: await hashWeights(model),
    };
  }

  async #saveLast(): Promise<void> {
    const { configuration, directory } = this.#training;
    const { keepLast } = configuration.train;
    if (this.#saved) await retireLast(directory.checkpoints, this.#saved.step, keepLast);
    await this.#save(LAST);
    this.#saved = this.#position;
  }

  async #save(name: string): Promise<void> {
    const { model, optimizer, device, directory, journal } = this.#training;
    journal.sync();
    const path = join(directory.checkpoints, name);
    await saveCheckpoint(path, model, optimizer, this.#position, this.#yaml, {
      schedule: this.#schedule,
      progress: {
        best: this.#best.state,
        stopping: this.#stopping.state,
        ...this.#stopwatch.state,
      },
      random: getRngState(),
      ...(this.#scaler && { scaler: await this.#scaler.stateDict() }),
      device: deviceText(device),
    });
  }

  /** The error, and where the last good checkpoint is. */
  #explain(error: unknown): unknown {
    if (!(error instanceof WgradError) || !this.#saved) return error;
    const { epoch, step } = this.#saved;
    const path = join(this.#training.directory.checkpoints, LAST);
    const where = `The last good checkpoint is ${path} (epoch ${epoch}, step ${step}).`;
    const Kind = error instanceof Interruption ? Interruption : TrainingError;
    return new Kind(`${error.message}\n${where}`, { cause: error });
  }
}

/** @throws WgradError where the device has no float16 */
export function scalerOn(device: Backend): GradScaler {
  if (device.supports('float16')) return new GradScaler({ device });
  throw new WgradError(
    `train.precision float16 takes a device with float16 (WebGPU's feature 'shader-f16'), which ${device.description} ` +
      'lacks. Train with train.precision=float32, take another adapter, or device=cpu, which rounds as such a device does.',
  );
}

/** A device as records name it. */
export function deviceText({ name, description }: Backend): string {
  return `${name}: ${description}`;
}
