import type { Backend } from '../../backend/backend.ts';
import { type DType, isFloating, type TypedArray } from '../../backend/dtypes.ts';
import { tensor } from '../../tensor/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import {
  type SafeTensor,
  type SafetensorsDtype,
  SafetensorsError,
  type TensorValues,
} from '../../formats/safetensors/encode.ts';

/** PyTorch's whole numbers are int64 unless one asks for others. */
const FILE_DTYPE: Readonly<Record<DType, SafetensorsDtype>> = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I64',
  bool: 'BOOL',
  uint8: 'U8',
  // Their numbers as they are on the host.
  float16: 'F32',
};

/** Tensors as files hold them. */
export async function toHost(tensors: Readonly<Record<string, Tensor>>): Promise<Record<string, SafeTensor>> {
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
export interface Place {
  readonly dtype: DType;
  readonly device: Backend;
}

/** A tensor of a file in the dtype and on the device of the one that it is for. */
export function fromHost(
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

/** PyTorch's batch norms count batches, which only matters without a momentum; a model may do without the counter. */
export function isBatchCount(name: string): boolean {
  return /(^|\.)num_batches_tracked$/.test(name);
}
