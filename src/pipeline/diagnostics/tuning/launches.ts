import {
  type Backend,
  type DeviceBuffer,
  emptyStats,
  type KernelName,
  type Params,
  type Variant,
} from '../../../backend/backend.ts';
import { hostArray } from '../../../backend/dtypes.ts';
import { WgradError } from '../../../backend/errors.ts';
import { isTuned, type Tuned } from '../../../backend/webgpu/tuning/choice.ts';
import { shapeClass } from '../../../backend/webgpu/tuning/shapeClass.ts';
import { describeData } from '../../data/datasets.ts';
import type { NetworkShape } from '../../data/description.ts';
import '../../../ops/methods.ts';
import { zeros } from '../../../tensor/create.ts';
import { setDefaultDevice } from '../../../tensor/device.ts';
import { noGrad } from '../../../tensor/gradientMode.ts';
import { scope } from '../../../tensor/scope.ts';
import { type Configuration, loadConfiguration } from '../../config/configuration.ts';
import { buildModel } from '../../models/buildModel.ts';
import { BATCH } from '../../training/eachBatch.ts';
import { buildOptimizer } from '../../training/optimizers.ts';
import { taskFor } from '../../training/tasks.ts';

/** A launch of an operation that is tuned, which stands for its class of shapes. */
export interface TunedLaunch {
  readonly shape: string;
  readonly operation: Tuned;
  readonly params: Params<Tuned>;
  readonly variant: Variant<Tuned>;
  /** Elements of its buffers, by name. */
  readonly lengths: Readonly<Record<string, number>>;
}

/**
 * The launches that a training with this configuration consists of, one for each class: those of a step, and of a batch
 * of its evaluations. Nothing is computed. The default device is another afterwards.
 */
export function launchesOf(
  { model: described, optimizer: settings, train: { batchSize } }: Configuration,
  data: NetworkShape,
): TunedLaunch[] {
  const found = new Map<string, TunedLaunch>();
  setDefaultDevice(
    launchRecorder((launch) => {
      if (!found.has(launch.shape)) found.set(launch.shape, launch);
    }),
  );
  const model = buildModel(described, data);
  const task = taskFor(described);
  const { height, width } = data;
  const optimizer = buildOptimizer(settings, model.parameters());
  // The first step makes what is made once; the second one writes gradients where all later ones do.
  for (let step = 0; step < 2; step++) {
    scope(() => {
      const labels = zeros([batchSize], { dtype: 'int32' });
      const images = zeros([batchSize, 1, height, width]);
      task.measure(model, { images, labels }).loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
    });
  }
  model.eval();
  scope(() => noGrad(() => void model.forward(zeros([BATCH, 1, height, width]))));
  return [...found.values()];
}

/**
 * The launches of several configurations, one for each class of shapes.
 *
 * @param words files, by default configs/mlp.yaml and configs/cnn.yaml, and `key=value` overrides for all of them
 */
export async function configuredLaunches(
  words: readonly string[],
  signal: AbortSignal,
): Promise<TunedLaunch[]> {
  const overrides = words.filter((word) => word.includes('='));
  const named = words.filter((word) => !word.includes('='));
  const files = named.length > 0 ? named : ['configs/mlp.yaml', 'configs/cnn.yaml'];
  const all: TunedLaunch[] = [];
  for (const file of files) {
    const configuration = loadConfiguration(file, overrides);
    all.push(...launchesOf(configuration, await describeData(configuration.data, signal)));
  }
  return [...new Map(all.map((launch) => [launch.shape, launch])).values()];
}

/** A device without memory, which only notes what is launched on it. */
function launchRecorder(note: (launch: TunedLaunch) => void): Backend {
  return {
    name: 'webgpu',
    description: 'no device',
    info: {},
    supports: (dtype) => dtype !== 'float64',
    allocate: (dtype, length) => ({ dtype, length }),
    release: () => undefined,
    write: () => undefined,
    read: (buffer, _, length) => Promise.resolve(hostArray(buffer.dtype, length)),
    run: (
      kernel: KernelName,
      buffers: Record<string, DeviceBuffer>,
      params: object,
      variant: object = {},
    ) => {
      if (!isTuned(kernel)) return;
      const sizes = params as Params<Tuned>;
      note({
        shape: shapeClass(kernel, sizes, variant),
        operation: kernel,
        params: sizes,
        variant,
        lengths: Object.fromEntries(Object.entries(buffers).map(([name, { length }]) => [name, length])),
      });
    },
    flush: () => undefined,
    synchronize: () => Promise.resolve(),
    stats: emptyStats,
    profile: () => {
      throw new WgradError('A device that only notes its launches has no times to show.');
    },
    destroy: () => undefined,
  };
}
