import { readFile } from 'node:fs/promises';
import type { Backend } from '../backend/backend.ts';
import { type DType, isFloating, type TypedArray } from '../backend/dtypes.ts';
import type { Module, StateDict } from '../nn/index.ts';
import type { Optimizer } from '../optim/index.ts';
import type { Schedule } from './schedules.ts';
import { tensor } from '../tensor/create.ts';
import { defaultDevice } from '../tensor/device.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { writeFileAtomic } from './atomicFile.ts';
import { readError } from './fileError.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafeTensor,
  type SafetensorsDtype,
  SafetensorsError,
  type TensorValues,
  weightsSha256,
} from './safetensors.ts';

/** How far a training had come. */
export interface Position {
  /** Epochs finished. */
  epoch: number;
  /** Optimizer steps taken. */
  step: number;
}

/** Optimizer tensors stand beside the weights under this prefix. */
const OPTIMIZER = 'optimizer.';

/**
 * Writes weights under PyTorch's names and in its dtypes, the optimizer's state under `optimizer.…`, and as metadata
 * position, step counts, the optimizer's options, the schedule's state, the configuration and the model as PyTorch
 * prints it: `scripts/pytorch-exchange.py` makes a PyTorch model of such a file.
 *
 * @param configuration the run's resolved configuration, as YAML
 * @param schedule left out where the learning rate is constant
 * @throws FileError when the file cannot be written; the one before stays whole
 */
export async function saveCheckpoint(
  path: string,
  model: Module,
  optimizer: Optimizer,
  { epoch, step }: Position,
  configuration: string,
  schedule?: Schedule,
): Promise<void> {
  const { steps, tensors, paramGroups } = optimizer.stateDict();
  const state = Object.fromEntries(Object.entries(tensors).map(([name, value]) => [OPTIMIZER + name, value]));
  const bytes = encodeSafetensors(
    { ...(await toHost(model.stateDict())), ...(await toHost(state)) },
    {
      format: 'pt',
      model: String(model),
      epoch: String(epoch),
      step: String(step),
      optimizerSteps: JSON.stringify(steps),
      optimizerGroups: JSON.stringify(paramGroups),
      ...(schedule && { schedule: JSON.stringify(schedule.stateDict()) }),
      configuration,
    },
  );
  await writeFileAtomic(path, bytes);
}

/**
 * Reads weights into a model: those of a checkpoint, whose optimizer state is left alone, or a state dict of PyTorch
 * that was saved as safetensors.
 *
 * @throws FileError, SafetensorsError, or what `loadStateDict` throws; the model is unchanged then
 */
export async function loadWeights(path: string, model: Module): Promise<void> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  decodeWeights(bytes, model);
}

/** As `loadWeights`, from the contents of a file. */
export function decodeWeights(bytes: Uint8Array, model: Module): void {
  const own = model.stateDict();
  const weights = [...decodeSafetensors(bytes).tensors].filter(
    ([name]) => !name.startsWith(OPTIMIZER) && (name in own || !isBatchCount(name)),
  );
  const places: readonly Place[] = Object.values(own);
  const any = places[0] ?? { dtype: 'float32', device: defaultDevice() };
  scope(() => {
    const state = weights.map(([name, value]) => [name, fromHost(name, value, own[name] ?? any)]);
    model.loadStateDict(Object.fromEntries(state) as StateDict);
  });
}

/** PyTorch's batch norms count batches, which only matters without a momentum; a model may do without the counter. */
function isBatchCount(name: string): boolean {
  return /(^|\.)num_batches_tracked$/.test(name);
}

/** SHA-256 over a model's weights: equal exactly when all weights are, bit by bit. */
export async function hashWeights(model: Module): Promise<string> {
  return weightsSha256(await toHost(model.stateDict()));
}

/** PyTorch's whole numbers are int64 unless one asks for others. */
const FILE_DTYPE: Readonly<Record<DType, SafetensorsDtype>> = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I64',
  bool: 'BOOL',
  uint8: 'U8',
};

async function toHost(tensors: Readonly<Record<string, Tensor>>): Promise<Record<string, SafeTensor>> {
  const host: Record<string, SafeTensor> = {};
  for (const [name, value] of Object.entries(tensors)) {
    const data = await value.data();
    const stored: TensorValues =
      value.dtype === 'int32'
        ? BigInt64Array.from(data as Int32Array, BigInt)
        : value.dtype === 'bool'
          ? Uint8Array.from(data)
          : data;
    host[name] = { dtype: FILE_DTYPE[value.dtype], shape: value.shape, data: stored };
  }
  return host;
}

/** Where a tensor goes, and as what. */
interface Place {
  readonly dtype: DType;
  readonly device: Backend;
}

/** A tensor of a file in the dtype and on the device of the one that it is for. */
function fromHost(
  name: string,
  { dtype, shape, data }: SafeTensor,
  { dtype: wanted, device }: Place,
): Tensor {
  if (dtype === 'F16' || dtype === 'BF16') {
    throw new SafetensorsError(
      `${name}: takes numbers of 32 or 64 bits, got ${dtype}; save model.float() instead`,
    );
  }
  if (isFloating(wanted) !== dtype.startsWith('F') && !isBatchCount(name)) {
    throw new SafetensorsError(`${name}: takes ${FILE_DTYPE[wanted]}, got ${dtype}`);
  }
  const values =
    data instanceof BigInt64Array || data instanceof BigUint64Array ? Float64Array.from(data, Number) : data;
  return tensor(values as TypedArray, { shape, dtype: wanted, device });
}
