import {
  type Backend,
  full,
  manualSeed,
  rand,
  randint,
  randn,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { symmetricUniform } from '../../src/tensor/random.ts';

/** Random tensors, and others that no arithmetic makes, which have the same bits on every device. */
export const exactTensors: Record<string, (device: Backend) => Tensor> = {
  'rand of an odd size': (device) => rand([1003], { seed: 1, stream: 2, device }),
  'rand with a large seed and stream': (device) =>
    rand([8], { seed: 2 ** 53 - 1, stream: 2 ** 40 + 5, device }),
  'rand wider than a grid row': (device) => rand([70_000], { seed: 3, stream: 0, device }),
  'dropout with a large seed and stream': (device) =>
    full([1003], 1, { device }).dropout(0.5, { seed: 2 ** 53 - 1, stream: 2 ** 40 + 5 }),
  symmetricUniform: (device) => symmetricUniform([1000], 1 / Math.sqrt(784), { seed: 1, stream: 0, device }),
  randn: (device) => randn([1001], { seed: 4, stream: 0, device }),
  'randint from 0 to 9': (device) => randint(0, 10, [1001], { seed: 5, stream: 0, device }),
  'randint over a wide range': (device) =>
    randint(-(2 ** 31), 2 ** 31 - 1, [1001], { seed: 6, stream: 0, device }),
  'randint as float32': (device) => randint(-5, 5, [100], { seed: 7, stream: 0, device, dtype: 'float32' }),
  'the streams that follow a seed': (device) => {
    manualSeed(8);
    rand([1], { device });
    return rand([5], { device });
  },
  'full of NaN': (device) => full([3], NaN, { device }),
  'full of -Infinity': (device) => full([3], -Infinity, { device }),
  'full of 0.1': (device) => full([3], 0.1, { device }),
  'full of large whole numbers': (device) => full([3], 2 ** 24 + 1, { dtype: 'int32', device }),
  'full of large negative whole numbers': (device) => full([3], -(2 ** 24) - 1, { dtype: 'int32', device }),
  'full of true': (device) => full([3], 2, { dtype: 'bool', device }),
  bytes: (device) => tensor(Uint8Array.of(1, 2, 3, 4, 5, 6, 7), { device }),
  'some of the bytes': (device) => tensor(Uint8Array.of(1, 2, 3, 4, 5, 6, 7), { device }).slice([3, 6]),
};

export async function bitsOf(x: Tensor): Promise<string> {
  const data = await x.data();
  x.dispose();
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
}
