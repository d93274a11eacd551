/** The process that probeDevice starts: opens a device, multiplies two matrices on it and reports. */
import type { Backend } from '../../../backend/backend.ts';
import { matmul } from '../../../ops/matmul.ts';
import { type DeviceName, open } from '../../../tensor/device.ts';
import { rand } from '../../../tensor/random.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import { errorText } from '../../text/errorText.ts';
import { loadTuning } from '../tuning/stored.ts';
import type { ProbedDevice, ProbeFailure } from './probe.ts';

async function probe(name: DeviceName): Promise<ProbedDevice> {
  const start = performance.now();
  let tuningNote: string | undefined;
  const device = await open(name, {
    tuning: (adapter) => {
      const { choices, note } = loadTuning(adapter);
      tuningNote = note;
      return choices;
    },
  });
  const deviation = await productDeviation(device);
  const milliseconds = performance.now() - start;
  const { description, info } = device;
  device.destroy();
  return { description, info, deviation, milliseconds, tuningNote };
}

/** How far the device's product of two matrices is from one computed in float64 here. */
async function productDeviation(device: Backend): Promise<number> {
  const size = 33;
  const factors = [1, 2].map((stream) => rand([size, size], { seed: 1, stream, device })) as [Tensor, Tensor];
  const product = await matmul(...factors).data();
  const [a, b] = [await factors[0].data(), await factors[1].data()];
  let worst = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let p = 0; p < size; p++) sum += a[i * size + p]! * b[p * size + j]!;
      worst = Math.max(worst, Math.abs(sum - product[i * size + j]!));
    }
  }
  return worst;
}

const result: ProbedDevice | ProbeFailure = await probe(process.argv[2] as DeviceName).catch(
  (error: unknown) => ({ failure: errorText(error) }),
);
// The process ends after the callback. Without the callback, the message could be lost.
process.send?.(result, () => process.disconnect());
