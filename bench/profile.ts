/**
 * Where the time of a training step goes, kernel by kernel, without the trainer: the network, the optimizer and the
 * batch of a configuration, on random images, the step captured and replayed. Prints the table of `train --profile`.
 *
 *   npx tsx bench/profile.ts [configs/mlp.yaml] [webgpu|cpu]
 */
import { loadConfiguration } from '../src/pipeline/config/configuration.ts';
import { buildOptimizer } from '../src/pipeline/training/optimizers.ts';
import { peaksOf } from '../src/pipeline/diagnostics/profiling/peaks.ts';
import { profileOf } from '../src/pipeline/diagnostics/profiling/profile.ts';
import { profileText } from '../src/pipeline/diagnostics/profiling/text.ts';
import { storedChoices } from '../src/pipeline/diagnostics/tuning/stored.ts';
import { StepProfiler, WARM_UP, WINDOW } from '../src/pipeline/diagnostics/profiling/stepProfiler.ts';
import { capture, crossEntropy, type DeviceName, init, randint, randn } from '../src/index.ts';
import { buildModel } from '../src/pipeline/models/buildModel.ts';

const [file = 'configs/mlp.yaml', deviceName = 'webgpu'] = process.argv.slice(2);
const { model, optimizer: options, train } = loadConfiguration(file, []);
const device = await init(deviceName as DeviceName, { tuning: storedChoices });
const network = buildModel(model);
const optimizer = buildOptimizer(options, network.parameters());
const [images, labels] = [randn([train.batchSize, 1, 28, 28]), randint(0, 10, [train.batchSize])];
const step = capture(() => {
  crossEntropy(network.forward(images), labels).backward();
  optimizer.step();
  optimizer.zeroGrad();
});

const profiler = new StepProfiler();
const take = (): undefined => {
  step();
};
const stepper = profiler.watch({ take, dispose: () => undefined }, device, 0);
for (let count = 0; count < WARM_UP + 2 * WINDOW; count++) {
  await stepper.take({ batches: [], size: train.batchSize });
}
console.log(profileText(profileOf(profiler.result!, device, await peaksOf(device))));
device.destroy();
