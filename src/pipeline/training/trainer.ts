import { join } from 'node:path';
import type { Backend } from '../../backend/backend.ts';
import { WgradError } from '../../backend/errors.ts';
import type { Module } from '../../nn/index.ts';
import { getRngState } from '../../tensor/random.ts';
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
import type { RunDirectory } from '../runs/directory.ts';
import { deviceText } from '../runs/environment.ts';
import type { Journal } from '../runs/journal/journal.ts';
import type { RunSummary, StopReason } from '../runs/summary.ts';
import { metricsText } from '../text/metrics.ts';
import { WeightAverage } from './average.ts';
import { Best } from './best.ts';
import { Epoch, type EpochStep, stepsPerEpoch } from './epoch.ts';
import { Interruption, TrainingError } from './errors.ts';
import { evaluate } from './evaluate.ts';
import { average, Meter } from './meter.ts';
import { buildOptimizer, buildScaler } from './optimizers.ts';
import { createProgress, type ProgressDisplay } from './progress.ts';
import { buildSchedule, type Schedule } from './schedules.ts';
import { capturedSteps, plainSteps, type StepParts, type Stepper, type StepWatcher } from './step.ts';
import { Stopwatch } from './stopwatch.ts';
import { type Evaluation, taskFor } from './tasks.ts';

/** Milliseconds without a turn of the event loop. tsx kills a process that does not answer Ctrl-C within 60. */
const TURN = 15;

/** What a training works with. */
export interface Training {
  readonly configuration: Configuration;
  readonly device: Backend;
  readonly model: Module;
  readonly datasets: Datasets;
  readonly directory: RunDirectory;
  /** For a resumed training, rewound to the checkpoint. */
  readonly journal: Journal;
  /** Aborted by Ctrl-C: the training ends after the current steps, with a checkpoint. */
  readonly signal: AbortSignal;
  /** Where to continue from; undefined: from the beginning. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Called when an epoch is validated, before its checkpoint: to record more than metrics. */
  readonly afterEpoch?: (position: Position) => Promise<void>;
  /** Compares every n-th replayed step of an epoch with the step itself. */
  readonly verifyCapture?: number | undefined;
  /** Profiles some of the steps. */
  readonly profiler?: StepWatcher | undefined;
}

/**
 * Trains for the configured epochs, or until early stopping or the time limit ends it; validates after each epoch,
 * keeps the best and the last checkpoints, and tests the best.
 *
 * A training that continues from a checkpoint gives the same bits as one that never stopped: checkpoints are written
 * when metrics have just been read, so no step is in flight, and they hold everything that later steps depend on.
 *
 * @throws TrainingError when the loss is not finite, or the device fails; Interruption on Ctrl-C
 */
export function train(training: Training): Promise<RunSummary> {
  return new Trainer(training).run();
}

class Trainer {
  readonly #training: Training;
  readonly #parts: StepParts;
  readonly #schedule: Schedule | undefined;
  readonly #yaml: string;
  readonly #best: Best;
  readonly #stopping: Best;
  readonly #stopwatch: Stopwatch;
  readonly #stepsPerEpoch: number;
  #position: Position = { epoch: 0, step: 0 };
  /** The position of the last checkpoint; undefined before the first. */
  #saved: Position | undefined;
  /** The learning rate of the last step. */
  #lr = 0;
  /** When the event loop turned last. */
  #turnedAt = 0;

  constructor(training: Training) {
    const { configuration, device, datasets, checkpoint, model } = training;
    const { accumulate, logEvery, best, earlyStopping, clipGradNorm, labelSmoothing, emaDecay } =
      configuration.train;
    const optimizer = buildOptimizer(configuration.optimizer, model.parameters());
    const scaler = buildScaler(configuration.train, device);
    const task = taskFor(configuration.model);
    const meter = new Meter(device, logEvery * accumulate, task.terms);
    this.#training = training;
    const average = emaDecay === undefined ? undefined : new WeightAverage(model, emaDecay);
    this.#parts = { model, task, optimizer, meter, maxNorm: clipGradNorm, labelSmoothing, average, scaler };
    this.#stepsPerEpoch = stepsPerEpoch(datasets.train, configuration);
    this.#schedule = buildSchedule(configuration, optimizer, this.#stepsPerEpoch);
    this.#yaml = printConfiguration(configuration);
    this.#best = new Best(best, checkpoint?.progress.best);
    this.#stopping = new Best(earlyStopping ?? best, checkpoint?.progress.stopping);
    this.#stopwatch = new Stopwatch(checkpoint?.progress);
    if (!checkpoint) return;
    restoreCheckpoint(checkpoint, model, optimizer, this.#schedule, scaler, average?.stateDict());
    this.#position = this.#saved = checkpoint.position;
  }

  async run(): Promise<RunSummary> {
    try {
      if (!this.#saved) await this.#saveLast();
      while (!this.#stopReason) await this.#epoch();
      return await this.#finish(this.#stopReason);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Why the training ends here; undefined where it continues. */
  get #stopReason(): StopReason | undefined {
    const { epochs, earlyStopping, maxMinutes = Infinity } = this.#training.configuration.train;
    if (earlyStopping && this.#stopping.state.stale >= earlyStopping.patience) return 'earlyStopping';
    if (this.#position.epoch >= epochs) return 'epochs';
    // At least one step is taken, even where the start took all the time.
    const timeUp = this.#position.step > 0 && this.#stopwatch.seconds >= 60 * maxMinutes;
    return timeUp ? 'maxMinutes' : undefined;
  }

  /** Trains from the position to the end of its epoch, or until the time is up. */
  async #epoch(): Promise<void> {
    const epoch = this.#position.epoch + 1;
    const label = `epoch ${epoch}/${this.#training.configuration.train.epochs}`;
    if (!(await this.#steps(epoch, label))) return;
    this.#position = { ...this.#position, epoch };
    await this.#averaged(() => this.#endEpoch(epoch, label));
    await this.#saveLast();
  }

  /** Calls `body` while the model has the average of its weights, where the training has one. */
  #averaged(body: () => Promise<void>): Promise<void> {
    const { average } = this.#parts;
    return average ? average.used(body) : body();
  }

  /** Validates, and keeps the weights if they are the best. */
  async #endEpoch(epoch: number, label: string): Promise<void> {
    const { journal } = this.#training;
    const validation = await this.#validate();
    if (validation) {
      process.stderr.write(`${label}: validation ${metricsText(validation)}\n`);
      const weightsSha256 = await hashWeights(this.#training.model);
      journal.append({ kind: 'validation', ...this.#position, metrics: { ...validation }, weightsSha256 });
    }
    await this.#training.afterEpoch?.(this.#position);
    this.#schedule?.afterEpoch(validation);
    if (validation) this.#stopping.note(epoch, validation);
    // Without validation images, the last weights are the best. The best checkpoint is written first: a training that
    // is killed between the two repeats the end of the epoch.
    if (!validation || this.#best.note(epoch, validation)) await this.#save(BEST);
  }

  /** Takes the remaining steps of the epoch; false where the time was up before the last. */
  async #steps(number: number, label: string): Promise<boolean> {
    const { configuration, datasets, device } = this.#training;
    const total = datasets.train.rows.length;
    const epoch = new Epoch(datasets.train, configuration, number);
    const later = total * (configuration.train.epochs - number);
    const progress = createProgress({ total, later, label });
    const stepper = this.#stepper();
    this.#stopwatch.start();
    try {
      for (const step of epoch.steps(this.#position.step - (number - 1) * this.#stepsPerEpoch)) {
        await this.#step(stepper, step);
        await this.#stopwatch.noteFirstStep(device);
        if (performance.now() - this.#turnedAt > TURN) await this.#turn();
        if (!this.#parts.meter.full && step.done < total) continue;
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
    const { configuration, device, verifyCapture, profiler } = this.#training;
    const stepper = configuration.train.capture
      ? capturedSteps(this.#parts, device, verifyCapture)
      : plainSteps(this.#parts);
    return profiler?.watch(stepper, device, this.#position.step) ?? stepper;
  }

  async #step(stepper: Stepper, step: EpochStep): Promise<void> {
    this.#lr = this.#parts.optimizer.lr;
    await stepper.take(step);
    this.#schedule?.afterStep();
    this.#position = { ...this.#position, step: this.#position.step + 1 };
  }

  /** Reads the metrics, and ends the training where they are not finite or Ctrl-C was pressed. */
  async #report(epoch: number, done: number, progress: ProgressDisplay): Promise<void> {
    const { configuration, journal, signal } = this.#training;
    const { batchSize, accumulate } = configuration.train;
    const { task, meter, scaler } = this.#parts;
    const reading = await meter.read();
    const bad = reading.losses.findIndex((loss) => !Number.isFinite(loss));
    if (bad >= 0) {
      const stepsRead = Math.ceil(reading.losses.length / accumulate);
      const step = this.#position.step - stepsRead + Math.floor(bad / accumulate) + 1;
      throw new WgradError(
        `The loss became ${reading.losses[bad]!} at step ${step} (epoch ${epoch}). ` +
          'Lower optimizer.lr, and check the data for values that are not finite.',
      );
    }
    const means = average(reading, batchSize, done % batchSize || batchSize);
    this.#stopwatch.lap(means.samples);
    const { loss, ...others } = task.evaluation(means);
    const metrics = {
      loss,
      ...others,
      lr: this.#lr,
      samplesPerSecond: this.#stopwatch.samplesPerSecond,
      ...(scaler && { lossScale: await scaler.getScale() }),
    };
    journal.append({ kind: 'train', epoch, step: this.#position.step, metrics });
    progress.update(done, metrics);
    await this.#turn();
    if (signal.aborted) {
      progress.note('stopping after a checkpoint; Ctrl-C again stops at once');
      await this.#saveLast();
      const where = `epoch ${epoch} at step ${this.#position.step}`;
      throw new Interruption(`Interrupted in ${where}.`, { cause: signal.reason });
    }
  }

  /** Lets signals arrive: they do so between turns of the event loop, for which the CPU backend never waits. */
  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnedAt = performance.now();
  }

  /** Writes a checkpoint where one is due within an epoch; true when the time is up. */
  async #rest(): Promise<boolean> {
    const timeUp = this.#stopReason === 'maxMinutes';
    const since = this.#position.step - this.#saved!.step;
    if (timeUp || since >= this.#training.configuration.train.checkpointEvery) await this.#saveLast();
    this.#stopwatch.start();
    return timeUp;
  }

  /** Null where no images are held out. */
  async #validate(): Promise<Evaluation | null> {
    const { model, datasets } = this.#training;
    const { task } = this.#parts;
    return datasets.validation.rows.length > 0 ? evaluate(task, model, datasets.validation) : null;
  }

  /** Tests the best weights. */
  async #finish(stopped: StopReason): Promise<RunSummary> {
    const { configuration, model, datasets, device, directory, journal } = this.#training;
    // No epoch was finished, or none had a finite metric: the present weights are the best.
    if (this.#best.state.epoch === 0 && datasets.validation.rows.length > 0) {
      await this.#averaged(() => this.#save(BEST));
    }
    await loadWeights(join(directory.checkpoints, BEST), model);
    const test = await evaluate(this.#parts.task, model, datasets.test);
    journal.append({ kind: 'test', ...this.#position, metrics: { ...test } });
    return {
      ...(test.accuracy !== undefined && { testAccuracy: test.accuracy }),
      testLoss: test.loss,
      ...(test.reconstruction !== undefined && { testReconstruction: test.reconstruction }),
      ...(test.kl !== undefined && { testKl: test.kl }),
      validation: await this.#validate(),
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
    const { model, device, directory, journal, datasets } = this.#training;
    const { optimizer, scaler, average } = this.#parts;
    journal.sync();
    const path = join(directory.checkpoints, name);
    await saveCheckpoint(path, model, optimizer, this.#position, this.#yaml, {
      schedule: this.#schedule,
      // The best weights are the average itself.
      average: name === LAST ? average?.stateDict() : undefined,
      progress: {
        best: this.#best.state,
        stopping: this.#stopping.state,
        ...this.#stopwatch.state,
      },
      random: getRngState(),
      ...(scaler && { scaler: await scaler.stateDict() }),
      device: deviceText(device),
      data: datasets.train.set.description,
    });
  }

  /** Adds to an error where the last good checkpoint is. */
  #explain(error: unknown): unknown {
    if (!(error instanceof WgradError) || !this.#saved) return error;
    const { epoch, step } = this.#saved;
    const path = join(this.#training.directory.checkpoints, LAST);
    const where = `The last good checkpoint is ${path} (epoch ${epoch}, step ${step}).`;
    const Kind = error instanceof Interruption ? Interruption : TrainingError;
    return new Kind(`${error.message}\n${where}`, { cause: error });
  }
}
