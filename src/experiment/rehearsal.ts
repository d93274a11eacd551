import type { Backend } from '../backend/backend.ts';
import { changesImages } from '../data/augmentation.ts';
import { IMAGE_SIZE } from '../data/fashionMnist.ts';
import { DeviceDataset } from '../data/loader.ts';
import type { Module } from '../nn/index.ts';
import type { Configuration, ModelConfiguration } from './configuration.ts';
import { Meter } from './meter.ts';
import { buildOptimizer } from './optimizers.ts';
import { trainStep } from './step.ts';
import { scalerOn } from './trainer.ts';

/**
 * Compiles the kernels of a training's step while its data are under way, by a step with a model like the training's, on
 * black images. Nothing of it stays but the compiled kernels and the state of the random numbers: seed them afterwards.
 *
 * The step is taken twice: first for the list of its kernels, which are then compiled at once on other threads; and then
 * truly, without waiting for its end, as some drivers leave most of a kernel's compilation to its first launch. Nothing
 * happens on devices that compile nothing.
 *
 * @param build makes the model that a configuration describes
 * @throws WgradError as the training itself, where the device lacks what it takes
 */
export async function rehearse(
  configuration: Configuration,
  device: Backend,
  build: (model: ModelConfiguration) => Module,
): Promise<void> {
  if (!device.prepare) return;
  const step = (): void => takeStep(configuration, device, build);
  await device.prepare(step);
  step();
  device.flush();
}

function takeStep(
  { model: described, optimizer: settings, data: { augmentation }, train }: Configuration,
  device: Backend,
  build: (model: ModelConfiguration) => Module,
): void {
  const { batchSize, accumulate, clipGradNorm: maxNorm, precision } = train;
  const model = build(described);
  const optimizer = buildOptimizer(settings, model.parameters());
  const meter = new Meter(device, 1);
  const images = new Uint8Array(batchSize * IMAGE_SIZE ** 2);
  const set = new DeviceDataset(device, { images, labels: new Uint8Array(batchSize), count: batchSize });
  const order = set.order(Uint32Array.from(images.subarray(0, batchSize).keys()));
  const draw = changesImages(augmentation) ? { ...augmentation, seed: 0, stream: 1 } : undefined;
  trainStep({
    model,
    optimizer,
    meter,
    ...(maxNorm !== undefined && { maxNorm }),
    ...(precision === 'float16' && { scaler: scalerOn(device) }),
    batches: [() => set.batch(order, 0, batchSize, draw)],
    size: batchSize * accumulate,
  });
  for (const used of [meter, set, order, ...model.parameters()]) used.dispose();
}
