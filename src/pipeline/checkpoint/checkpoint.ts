import { readFile } from 'node:fs/promises';
import { isFloating } from '../../backend/dtypes.ts';
import type { Module, StateDict } from '../../nn/index.ts';
import type { GradScaler, lrScheduler, Optimizer } from '../../optim/index.ts';
import '../../ops/methods.ts';
import { noGrad } from '../../tensor/gradientMode.ts';
import { setRngState } from '../../tensor/random.ts';
import { scope } from '../../tensor/scope.ts';
import { describe, type Tensor } from '../../tensor/tensor.ts';
import { writeFileAtomic } from '../files/atomicFile.ts';
import type { DataDescription } from '../data/description.ts';
import {
  type CheckpointMetadata,
  decodeDescription,
  decodeMetadata,
  encodeMetadata,
  type Position,
} from './metadata.ts';
import { FileError, readError } from '../files/fileError.ts';
import {
  decodeSafetensors,
  fromSafeTensor,
  type SafetensorsFile,
  SafetensorsError,
  safetensorsParts,
  type SafeTensor,
  toSafeTensors,
} from '../../formats/safetensors/index.ts';
import { weightsSha256 } from './weightsSha256.ts';

export type { Position, Progress } from './metadata.ts';

/** A checkpoint that was read whole, and is unchanged since it was written. */
export interface Checkpoint extends CheckpointMetadata {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, SafeTensor>;
}

/** The optional parts of a checkpoint; a training that continues from it needs all of them. */
export interface CheckpointExtras extends Partial<
  Pick<CheckpointMetadata, 'progress' | 'random' | 'scaler' | 'device' | 'data'>
> {
  /** Left out where the learning rate is constant. */
  readonly schedule?: StatefulSchedule | undefined;
  /** The average of the weights; left out where there is none. */
  readonly average?: StateDict | undefined;
}

/** A learning rate schedule whose state a checkpoint keeps. */
export interface StatefulSchedule {
  /** Plain values that JSON can hold. */
  stateDict(): lrScheduler.SchedulerState;
  loadStateDict(state: lrScheduler.SchedulerState): void;
}

/** The prefix of the optimizer's tensors, which are stored beside the weights. */
const OPTIMIZER = 'optimizer.';
/** The prefix of the average of the weights, which whatever leaves the optimizer's tensors out leaves out, too. */
const AVERAGE = 'optimizer.average.';
/** The metadata entry with the SHA-256 of everything else. */
const CHECKSUM = 'sha256';

/**
 * Writes the weights under PyTorch's names and in its dtypes, the optimizer's state under `optimizer.…`, the average of the
 * weights under `optimizer.average.…`, and as metadata the position, step counts, the optimizer's options, the schedule's state, the configuration, the description of the
 * data, a checksum and the model as PyTorch prints it. `scripts/pytorch-exchange.py` makes a PyTorch model of such a file.
 *
 * @param configuration the run's resolved configuration, as YAML
 * @throws FileError when the file cannot be written; the earlier file stays whole
 */
export async function saveCheckpoint(
  path: string,
  model: Module,
  optimizer: Optimizer,
  position: Position,
  configuration: string,
  { schedule, average = {}, ...extras }: CheckpointExtras = {},
): Promise<void> {
  const { steps, tensors, paramGroups } = optimizer.stateDict();
  const all = await toSafeTensors({
    ...model.stateDict(),
    ...prefixed(OPTIMIZER, tensors),
    ...prefixed(AVERAGE, average),
  });
  const metadata = {
    format: 'pt',
    model: String(model),
    ...encodeMetadata({
      position,
      optimizerSteps: steps,
      optimizerGroups: paramGroups,
      ...(schedule && { schedule: schedule.stateDict() as NonNullable<CheckpointMetadata['schedule']> }),
      ...extras,
      configuration,
    }),
  };
  const checksum = weightsSha256(all, metadata);
  await writeFileAtomic(path, safetensorsParts(all, { ...metadata, [CHECKSUM]: checksum }));
}

/**
 * Reads a checkpoint from which a training can continue.
 *
 * @throws FileError where it cannot be read, is not a checkpoint, or is not as it was written
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await readChecked(path);
  if (!metadata.has(CHECKSUM)) throw new FileError(path, 'has no checksum, so no training can go on from it');
  const decoded = decodeMetadata(metadata);
  if (typeof decoded === 'string') {
    throw new FileError(path, `holds too little for a training to go on from it: look at ${decoded}`);
  }
  return { path, tensors, ...decoded };
}

/**
 * Restores model, optimizer, schedule, scale of the loss, average of the weights and random numbers from a checkpoint.
 *
 * @throws FileError where the checkpoint is of another model, optimizer or schedule, or has an average and the training has none
 */
export function restoreCheckpoint(
  { path, tensors, optimizerSteps, optimizerGroups, schedule: state, random, scaler: scaling }: Checkpoint,
  model: Module,
  optimizer: Optimizer,
  schedule: StatefulSchedule | undefined,
  scaler?: GradScaler,
  average: StateDict = {},
): void {
  const weights: Record<string, Tensor> = {};
  try {
    scope(() => {
      const averages = prefixed(AVERAGE, average);
      const copies: (() => void)[] = [];
      const own = {
        ...model.stateDict(),
        ...prefixed(OPTIMIZER, optimizer.stateDict().tensors),
        ...averages,
      };
      const optimizerTensors: Record<string, Tensor> = {};
      for (const [name, value] of tensors) {
        const like = own[name];
        if (!like) throw new SafetensorsError(`unknown tensor ${name}`);
        const loaded = tensorFor(name, value, like);
        const target = averages[name];
        if (target) copies.push(() => target.copy_(loaded));
        else if (name.startsWith(OPTIMIZER)) optimizerTensors[name.slice(OPTIMIZER.length)] = loaded;
        else weights[name] = loaded;
      }
      if (copies.length < Object.keys(averages).length)
        throw new SafetensorsError('no average of the weights');
      model.loadStateDict(weights);
      noGrad(() => copies.forEach((copy) => copy()));
      optimizer.loadStateDict({
        steps: optimizerSteps,
        tensors: optimizerTensors,
        paramGroups: optimizerGroups,
      });
    });
    if (schedule && !state) throw new SafetensorsError('no state of a schedule');
    if (state) schedule?.loadStateDict(state);
    if (scaler && !scaling) throw new SafetensorsError('no scale of the loss');
    if (scaling) scaler?.loadStateDict(scaling);
    setRngState(random);
  } catch (error) {
    throw new FileError(path, `does not fit this training: ${(error as Error).message}`, { cause: error });
  }
}

function prefixed(prefix: string, tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [prefix + name, value]));
}

/** The weights of a checkpoint, and the data that they were trained on. */
export interface TrainedWeights {
  readonly data: DataDescription;
  /** As `hashWeights` of a model with them. */
  readonly sha256: () => string;
  /** Loads them into a model. @throws as `loadWeights` */
  readonly loadInto: (model: Module) => void;
}

/**
 * Reads the weights of a checkpoint before its model is built: the data determine the sizes of the model.
 *
 * @throws FileError where the file cannot be read, or is not as it was written
 */
export async function openWeights(path: string): Promise<TrainedWeights> {
  const { tensors, metadata } = await readChecked(path);
  const data = decodeDescription(metadata);
  if (!data) throw new FileError(path, 'is corrupt: it does not say what data it was trained on');
  return {
    data,
    sha256: () => weightsSha256(new Map([...tensors].filter(([name]) => !name.startsWith(OPTIMIZER)))),
    loadInto: (model) => adopt(tensors, model),
  };
}

/**
 * Loads the weights of a checkpoint, or of a PyTorch state dict saved as safetensors, into a model.
 *
 * @throws FileError, SafetensorsError, or as `loadStateDict`; the model is then unchanged
 */
export async function loadWeights(path: string, model: Module): Promise<void> {
  adopt((await readChecked(path)).tensors, model);
}

/** As `loadWeights`, from the contents of a file. */
export function decodeWeights(bytes: Uint8Array, model: Module): void {
  adopt(decodeSafetensors(bytes).tensors, model);
}

function adopt(tensors: ReadonlyMap<string, SafeTensor>, model: Module): void {
  const own = model.stateDict();
  const weights = [...tensors].filter(
    ([name]) => !name.startsWith(OPTIMIZER) && (name in own || !isBatchCount(name)),
  );
  scope(() => {
    const state = weights.map(([name, value]) => [name, tensorFor(name, value, own[name])]);
    model.loadStateDict(Object.fromEntries(state) as StateDict);
  });
}

/** A tensor of a file, in the dtype and on the device of `like`. */
function tensorFor(name: string, stored: SafeTensor, like: Tensor | undefined): Tensor {
  const floating = like && isFloating(like.dtype) ? { dtype: like.dtype } : {};
  const loaded = fromSafeTensor(name, stored, { device: like?.device, ...floating });
  if (like && loaded.dtype !== like.dtype) {
    throw new SafetensorsError(`${name}: takes ${describe(like)}, got ${stored.dtype}`);
  }
  return loaded;
}

/** The counter of PyTorch's batch norms, which matters only without a momentum: a model may be without it. */
function isBatchCount(name: string): boolean {
  return /(^|\.)num_batches_tracked$/.test(name);
}

/** SHA-256 over a model's weights: equal if and only if all weights are equal, bit for bit. */
export async function hashWeights(model: Module): Promise<string> {
  return weightsSha256(await toSafeTensors(model.stateDict()));
}

/** Reads a file and verifies its checksum, if it has one. */
async function readChecked(path: string): Promise<SafetensorsFile> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  let file: SafetensorsFile;
  try {
    file = decodeSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    throw new FileError(path, `is corrupt: ${error.message}`, { cause: error });
  }
  const { [CHECKSUM]: expected, ...metadata } = Object.fromEntries(file.metadata);
  if (expected !== undefined && weightsSha256(file.tensors, metadata) !== expected) {
    throw new FileError(path, 'is corrupt: its SHA-256 is not the one that was written with it');
  }
  return file;
}
