import { readFile } from 'node:fs/promises';
import type { Module } from '../nn/index.ts';
import type { Optimizer } from '../optim/index.ts';
import { tensor } from '../tensor/create.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { writeFileAtomic } from './atomicFile.ts';
import { readError } from './fileError.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafeTensor,
  SafetensorsError,
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
 * Writes weights under PyTorch's names, the optimizer's state under `optimizer.…`, and position, step counts and
 * configuration as metadata.
 *
 * @param configuration the run's resolved configuration, as YAML
 * @throws FileError when the file cannot be written; the one before stays whole
 */
export async function saveCheckpoint(
  path: string,
  model: Module,
  optimizer: Optimizer,
  { epoch, step }: Position,
  configuration: string,
): Promise<void> {
  const { steps, tensors } = optimizer.stateDict();
  const state = Object.fromEntries(Object.entries(tensors).map(([name, value]) => [OPTIMIZER + name, value]));
  const bytes = encodeSafetensors(
    { ...(await toHost(model.stateDict())), ...(await toHost(state)) },
    {
      format: 'pt',
      epoch: String(epoch),
      step: String(step),
      optimizerSteps: JSON.stringify(steps),
      configuration,
    },
  );
  await writeFileAtomic(path, bytes);
}

/** Reads a checkpoint's weights into a model; the file's optimizer state is left alone. */
export async function loadWeights(path: string, model: Module): Promise<void> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  const weights = [...decodeSafetensors(bytes).tensors].filter(([name]) => !name.startsWith(OPTIMIZER));
  const [parameter] = model.parameters();
  scope(() => {
    model.loadStateDict(
      Object.fromEntries(weights.map(([name, value]) => [name, fromHost(name, value, parameter!)])),
    );
  });
}

/** SHA-256 over a model's weights: equal exactly when all weights are, bit by bit. */
export async function hashWeights(model: Module): Promise<string> {
  return weightsSha256(await toHost(model.stateDict()));
}

async function toHost(tensors: Readonly<Record<string, Tensor>>): Promise<Record<string, SafeTensor>> {
  const host: Record<string, SafeTensor> = {};
  for (const [name, value] of Object.entries(tensors)) {
    const dtype = value.dtype === 'int32' ? 'I32' : 'F32';
    host[name] = { dtype, shape: value.shape, data: await value.data() };
  }
  return host;
}

function fromHost(name: string, { dtype, shape, data }: SafeTensor, { device }: Tensor): Tensor {
  if (dtype !== 'F32' && dtype !== 'I32') {
    throw new SafetensorsError(`${name}: takes weights in F32 and counts in I32, got ${dtype}`);
  }
  return tensor(data as Float32Array | Int32Array, { shape, device });
}
