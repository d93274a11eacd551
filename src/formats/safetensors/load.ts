import { FUNCTION, type Kind, type Rest, signature } from '../../tensor/arguments.ts';
import { DEVICE, oneOf } from '../../tensor/kinds.ts';
import { scope } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { decodeSafetensors } from './decode.ts';
import { fromSafeTensor, type TensorOptions } from './tensors.ts';

/** Options of `loadSafetensors`. */
export interface LoadOptions extends TensorOptions {
  /** Whether to load a tensor; by default all are loaded. */
  readonly only?: ((name: string) => boolean) | undefined;
}

/** The contents of a file. */
export interface LoadedSafetensors {
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
}

const BYTES: Kind = {
  takes: 'the bytes of a file as Uint8Array or ArrayBuffer',
  fits: (value) => value instanceof Uint8Array || value instanceof ArrayBuffer,
};
const loadArguments = signature<LoadOptions>(
  'loadSafetensors',
  { bytes: BYTES },
  { device: DEVICE, dtype: oneOf('float32', 'float64', 'float16'), only: FUNCTION },
  0,
);

/**
 * Decodes the tensors of a safetensors file, and its metadata. Nothing in the file is trusted, and no value changes
 * silently:
 *
 * | in the file                                  | here                                                    |
 * | -------------------------------------------- | ------------------------------------------------------- |
 * | F32, F16, BF16, F8_E5M2, F8_E4M3, F8_E8M0, … | float32, which holds all their numbers                  |
 * | F64                                          | float64; rejected if the device has none                |
 * | I64, U64, I32, U32, I16, U16, I8             | int32; rejected if a number is out of range             |
 * | U8, BOOL                                     | uint8, bool                                             |
 * | C64, F4, F6_E2M3, F6_E3M2                    | rejected                                                |
 *
 * @param bytes the whole file
 * @throws SafetensorsError if the bytes are not such a file, or naming a tensor that is rejected
 * @throws ArgumentError for anything but bytes
 * @example
 * const response = await fetch('model.safetensors');
 * const { tensors } = loadSafetensors(await response.arrayBuffer());
 * model.loadStateDict(tensors);
 * @example
 * loadSafetensors(bytes, { dtype: 'float32', only: (name) => name.startsWith('encoder.') });
 * @see https://github.com/huggingface/safetensors#format
 */
export function loadSafetensors(
  bytes: Uint8Array | ArrayBuffer,
  ...rest: Rest<LoadOptions>
): LoadedSafetensors {
  const options = loadArguments([bytes, ...rest]);
  const view = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  const { only } = options;
  const file = decodeSafetensors(view);
  const wanted = [...file.tensors].filter(([name]) => only?.(name) ?? true);
  const tensors = scope(() =>
    Object.fromEntries(wanted.map(([name, stored]) => [name, fromSafeTensor(name, stored, options)])),
  );
  return { tensors, metadata: Object.fromEntries(file.metadata) };
}
