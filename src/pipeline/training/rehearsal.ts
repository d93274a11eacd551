import type { Backend } from '../../backend/backend.ts';
import { IMAGE_SIZE } from '../data/fashionMnist.ts';
import { DeviceDataset } from '../data/loader.ts';
import type { Configuration } from '../config/configuration.ts';
import { buildModel } from '../models/buildModel.ts';
import { Epoch } from './epoch.ts';
import { Meter } from './meter.ts';
import { buildOptimizer, buildScaler } from './optimizers.ts';
import { trainStep } from './step.ts';

/**
 * Compiles the kernels of a training's step while its data are under way, by a step with a model like the training's, on
 * one black image, over and over. Nothing of it stays but the compiled kernels and the state of the random numbers: seed them afterwards.
 *
 * The step is taken twice: first for the list of its kernels, which are then compiled at once on other threads; and then
 * truly, without waiting for its end, as some drivers leave most of a kernel's compilation to its first launch. Nothing
 * happens on devices that compile nothing.
 *
 * @throws WgradError as the training itself, where the device lacks what it takes
 */
export async function rehearse(configuration: Configuration, device: Backend): Promise<void> {
  if (!device.prepare) return;
  const image = { images: new Uint8Array(IMAGE_SIZE ** 2), labels: new Uint8Array(1), count: 1 };
  const set = new DeviceDataset(device, image);
  const { batchSize, accumulate } = configuration.train;
  const epoch = new Epoch({ set, rows: new Uint32Array(batchSize * accumulate) }, configuration, 1);
  const step = (): void => takeStep(configuration, device, epoch);
  await device.prepare(step);
  step();
  device.flush();
  for (const used of [epoch, set]) used.dispose();
}

function takeStep(configuration: Configuration, device: Backend, epoch: Epoch): void {
  const { accumulate, clipGradNorm: maxNorm } = configuration.train;
  const model = buildModel(configuration.model);
  const optimizer = buildOptimizer(configuration.optimizer, model.parameters());
  const meter = new Meter(device, accumulate);
  const scaler = buildScaler(configuration.train, device);
  for (const step of epoch.steps(0)) trainStep({ model, optimizer, meter, maxNorm, scaler }, step);
  for (const used of [meter, ...model.parameters()]) used.dispose();
}
