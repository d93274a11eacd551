import type { Backend, DeviceBuffer, KernelName } from '../../../src/backend/backend.ts';
import type { KnobValues } from '../../../src/pipeline/diagnostics/kernels/variants.ts';
import { open, rand, scope } from '../../../src/index.ts';
import { temporaryFolder } from '../files/disks.ts';
import { trainSmall } from '../training/trainingFixture.ts';
import { evaluate } from '../../gradients/check.ts';
import { table } from '../../gradients/table.ts';
import { trainingErrors, trainingRuns } from '../../parity/training.ts';

/** A launch as a backend gets it. */
export interface SeenLaunch {
  readonly kernel: KernelName;
  readonly buffers: Readonly<Record<string, DeviceBuffer>>;
  readonly params: Readonly<Record<string, number | readonly number[]>>;
  readonly variant: KnobValues;
}

/** Calls `see` for the launches of every operation, its gradients, every optimizer and the trainer, computed by the CPU. */
export async function everyLaunch(see: (launch: SeenLaunch) => void): Promise<void> {
  const device = watched(await open('cpu'), see);
  // Every operation has its row in the table, and every optimizer its training run.
  for (const { cases } of Object.values(table)) {
    for (const each of cases) await evaluate(each, named(device, 'webgpu'), 'float32');
  }
  for (const run of trainingRuns) await trainingErrors(run, device);
  const changes = { epochs: 1, dropout: 0.1, augmentation: { flip: 0.5, shift: 1, erase: 0.5 } };
  await trainSmall({ device, folder: temporaryFolder(), changes });
  // Long rows, few and many of them, take other numbers of lanes.
  for (const length of [2, 33, 100, 400, 1000, 3000]) {
    scope(() => {
      rand([3, length], { device }).softmax(1);
      rand([3, length], { device }).sum(1);
      rand([100, length], { device }).amax(0);
    });
  }
}

/** The device, calling `see` for its launches. */
export function watched(device: Backend, see: (launch: SeenLaunch) => void): Backend {
  return new Proxy(device, {
    get(target, property) {
      if (property === 'run') {
        return (kernel: KernelName, buffers: never, params: never, variant: KnobValues = {}) => {
          see({ kernel, buffers, params, variant });
          target.run(kernel, buffers, params, variant);
        };
      }
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The device under the name of another: some operations launch other kernels on the CPU than on a GPU. */
export function named(device: Backend, name: Backend['name']): Backend {
  return new Proxy(device, {
    get: (target, property) =>
      property === 'name' ? name : (Reflect.get(target, property, target) as unknown),
  });
}
