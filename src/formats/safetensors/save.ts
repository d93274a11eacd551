import { refuseInCapture } from '../../backend/recorder.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { isEntries, takes, takesAtMost } from './arguments.ts';
import { joined, safetensorsParts } from './encode.ts';
import { type Entries, entries } from './format.ts';
import { toSafeTensors } from './tensors.ts';

/**
 * Encodes tensors as a safetensors file, which PyTorch and many other programs read. Equal values give equal bytes in
 * any order. The tensors are read as they are at the call, and may change while it is awaited.
 *
 * float32, float64, float16, uint8 and bool are written as F32, F64, F16, U8 and BOOL. int32 is written as I64, the
 * integer dtype of PyTorch.
 *
 * @param state tensors by name, as `stateDict()` returns them, on any device
 * @param metadata strings about the file
 * @throws ArgumentError for anything but tensors by name
 * @throws SafetensorsError if a name or the metadata cannot be written
 * @example
 * const bytes = await saveSafetensors(model.stateDict(), { epoch: '3' });
 * const { tensors, metadata } = loadSafetensors(bytes);
 * model.loadStateDict(tensors);
 * @see https://github.com/huggingface/safetensors#format
 */
export function saveSafetensors(state: Entries<Tensor>, metadata: Entries<string> = {}): Promise<Uint8Array> {
  takesAtMost('saveSafetensors', 2, arguments);
  return stateParts('saveSafetensors', state, metadata).then(joined);
}

/** The header and the tensors of the file, in sequence. */
export function stateParts(
  operation: string,
  state: Entries<Tensor>,
  metadata: Entries<string>,
): Promise<readonly Uint8Array[]> {
  // Throws immediately instead of rejecting a promise, because a captured step cannot wait.
  refuseInCapture(`${operation}()`, 'Save between steps.');
  return readParts(operation, state, metadata);
}

async function readParts(
  operation: string,
  state: Entries<Tensor>,
  metadata: Entries<string>,
): Promise<readonly Uint8Array[]> {
  const what = 'tensors by name, as model.stateDict() gives them';
  takes(operation, isEntries(state), 'state', what, state);
  takes(operation, isEntries(metadata), 'metadata', 'strings by name', metadata);
  for (const [name, value] of entries(state)) {
    takes(operation, value instanceof Tensor, JSON.stringify(name), what, value);
  }
  return safetensorsParts(await toSafeTensors(state), metadata);
}
