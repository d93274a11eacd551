import { defaultDevice } from '../../tensor/device.ts';
import { scope } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { isEntries, takes } from './arguments.ts';
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

const DTYPES: readonly unknown[] = [undefined, 'float32', 'float64', 'float16'];

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
  options: LoadOptions = {},
): LoadedSafetensors {
  const view: unknown = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  const refuse = takes.bind(undefined, 'loadSafetensors');
  refuse(view instanceof Uint8Array, 'bytes', 'the bytes of a file as Uint8Array or ArrayBuffer', bytes);
  refuse(isEntries(options), 'options', '{ device, dtype, only }', options);
  const { only, dtype, device } = options;
  refuse(only === undefined || typeof only === 'function', 'only', 'a function of the name', only);
  refuse(DTYPES.includes(dtype), 'dtype', 'float32, float64 or float16', dtype);
  refuse(
    typeof (device ?? defaultDevice()).supports === 'function',
    'device',
    "a device: await open('cpu')",
    device,
  );

  const file = decodeSafetensors(view as Uint8Array);
  const wanted = [...file.tensors].filter(([name]) => only?.(name) ?? true);
  const tensors = scope(() =>
    Object.fromEntries(wanted.map(([name, stored]) => [name, fromSafeTensor(name, stored, options)])),
  );
  return { tensors, metadata: Object.fromEntries(file.metadata) };
}
