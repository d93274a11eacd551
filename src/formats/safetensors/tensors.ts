import type { Backend } from '../../backend/backend.ts';
import type { DType, TypedArray } from '../../backend/dtypes.ts';
import { halfBits } from '../../backend/half.ts';
import { tensor } from '../../tensor/create.ts';
import { defaultDevice } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { widened, widenedBfloat16 } from './floats.ts';
import { type Entries, entries, type SafeTensor, SafetensorsError, type TensorValues } from './format.ts';

/** The device and dtype for the tensors of a file. */
export interface TensorOptions {
  /** Defaults to the device that `init` opened last. */
  readonly device?: Backend | undefined;
  /**
   * The dtype of all floating tensors, to which they are rounded. By default each gets a dtype that holds all its
   * numbers: float64 for F64, which WebGPU devices do not have, and float32 for the others.
   */
  readonly dtype?: 'float32' | 'float64' | 'float16' | undefined;
}

/** Reads tensors for a file, as they are at the moment of the call. */
export async function toSafeTensors(tensors: Entries<Tensor>): Promise<Map<string, SafeTensor>> {
  const reads = entries(tensors).map(async ([name, value]) => [name, await toSafeTensor(value)] as const);
  return new Map(await Promise.all(reads));
}

/** Integers become int64, as in PyTorch. */
async function toSafeTensor(value: Tensor): Promise<SafeTensor> {
  const { dtype, shape } = value;
  const data = await value.data();
  switch (dtype) {
    case 'float32':
      return { dtype: 'F32', shape, data };
    case 'float64':
      return { dtype: 'F64', shape, data };
    case 'float16':
      return { dtype: 'F16', shape, data: Uint16Array.from(data, halfBits) };
    case 'int32':
      return { dtype: 'I64', shape, data: BigInt64Array.from(data as Int32Array, BigInt) };
    case 'uint8':
      return { dtype: 'U8', shape, data };
    case 'bool':
      return { dtype: 'BOOL', shape, data: Uint8Array.from(data) };
  }
}

/**
 * Creates a tensor of a file on a device, in the dtype that holds its values.
 *
 * @throws SafetensorsError if no dtype does, or the device does not have it
 */
export function fromSafeTensor(
  name: string,
  stored: SafeTensor,
  { device = defaultDevice(), dtype: wanted }: TensorOptions = {},
): Tensor {
  const { values, dtype } = hostValues(name, stored);
  const floating = dtype === 'float32' || dtype === 'float64';
  const chosen = floating ? (wanted ?? dtype) : dtype;
  if (wanted === undefined && !device.supports(chosen)) {
    throw refused(
      name,
      `${device.name} has no ${chosen}, which ${stored.dtype} takes; round it with { dtype: 'float32' }`,
    );
  }
  return tensor(values, { shape: stored.shape, dtype: chosen, device });
}

/** The values of a tensor in the library's array type. */
function hostValues(
  name: string,
  { dtype, data }: SafeTensor,
): { readonly values: TypedArray; readonly dtype: DType } {
  switch (dtype) {
    case 'F64':
      return { dtype: 'float64', values: data as Float64Array };
    case 'F32':
      return { dtype: 'float32', values: data as Float32Array };
    case 'BF16':
      return { dtype: 'float32', values: widenedBfloat16(data as Uint16Array) };
    case 'F16':
    case 'F8_E5M2':
    case 'F8_E4M3':
    case 'F8_E8M0':
    case 'F8_E5M2FNUZ':
    case 'F8_E4M3FNUZ':
      return { dtype: 'float32', values: widened(dtype, data as Uint16Array | Uint8Array) };
    case 'I64':
    case 'U64':
    case 'I32':
    case 'U32':
    case 'I16':
    case 'U16':
    case 'I8':
      check(name, dtype, data, -(2 ** 31), 2 ** 31 - 1, 'F64');
      return {
        dtype: 'int32',
        values: Int32Array.from({ length: data.length }, (_, at) => Number(data[at])),
      };
    case 'U8':
      return { dtype: 'uint8', values: data as Uint8Array };
    case 'BOOL':
      check(name, dtype, data, 0, 1, 'U8');
      return { dtype: 'bool', values: Uint32Array.from(data as Uint8Array) };
    case 'C64':
      throw refused(name, 'C64 is complex; save torch.view_as_real of it');
    case 'F4':
    case 'F6_E2M3':
    case 'F6_E3M2':
      throw refused(name, `${dtype} packs several numbers into a byte; save it as F32`);
  }
}

/** Throws unless all numbers are from `least` to `most`, naming a dtype that can hold the others. */
function check(
  name: string,
  dtype: string,
  data: TensorValues,
  least: number,
  most: number,
  other: string,
): void {
  const at = (data as Int32Array).findIndex((value) => value < least || value > most);
  if (at === -1) return;
  throw refused(
    name,
    `${dtype} takes numbers from ${least} to ${most} here; got ${data[at]!.toString()} at element ${at}. ` +
      `Save it as ${other}`,
  );
}

function refused(name: string, why: string): SafetensorsError {
  const others = 'or leave it out with the option { only: (name) => … }';
  return new SafetensorsError(`tensor ${JSON.stringify(name)}: ${why}, ${others}`);
}
