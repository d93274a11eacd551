import { type Rest, signature } from '../tensor/arguments.ts';
import { tensor } from '../tensor/create.ts';
import { DEVICE, INTEGER, oneOf, STRING } from '../tensor/kinds.ts';
import type { Backend } from '../backend/backend.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { BYTE_SOURCE, type ByteSource, bytesOf, MOST_BYTES } from './bytes.ts';
import { parseIdx } from './idxFormat.ts';

/** Options of `readIdx`. */
export interface IdxOptions {
  /** By default int32 for integers, float32 for floating-point numbers. */
  dtype?: 'float32' | 'int32' | 'uint8';
  /** Defaults to the device that `init` opened last. */
  device?: Backend;
  /** The most bytes that the file may have, unpacked; 1 GiB by default. */
  maxBytes?: number;
  /** Names the file in errors; `IDX data` by default. */
  name?: string;
}

const idxArguments = signature<IdxOptions>(
  'readIdx',
  { source: BYTE_SOURCE },
  { dtype: oneOf('float32', 'int32', 'uint8'), device: DEVICE, maxBytes: INTEGER, name: STRING },
  0,
);

/**
 * The tensor of an IDX file, plain or gzip, with the shape that the file says: MNIST's images are [N, 28, 28], its labels [N].
 * The six types of the format are read; 64-bit floating-point numbers are rounded to float32.
 *
 * @throws DataFormatError when the file is damaged, truncated or longer than its header says, or larger than `maxBytes`
 * @throws DTypeError when a number does not fit `dtype`
 * @example
 * const images = await readIdx(await readFile('train-images-idx3-ubyte.gz'), { dtype: 'float32' });
 * const labels = await readIdx(await readFile('train-labels-idx1-ubyte.gz'));
 * const train = new TensorDataset(images.div(255).unsqueeze(1), labels);
 */
export async function readIdx(source: ByteSource, ...rest: Rest<IdxOptions>): Promise<Tensor> {
  const options = idxArguments([source, ...rest]);
  const { name = 'IDX data', maxBytes = MOST_BYTES, device, dtype } = options;
  const { sizes, values } = parseIdx(await bytesOf(source, name, maxBytes), name);
  const isFloating = values instanceof Float32Array || values instanceof Float64Array;
  return tensor(values, {
    shape: sizes,
    dtype: dtype ?? (isFloating ? 'float32' : 'int32'),
    ...(device && { device }),
  });
}
