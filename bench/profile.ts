/** Profiles the training step of a configuration without the trainer. */
import { loadConfiguration } from '../src/pipeline/config/configuration.ts';
import { buildOptimizer } from '../src/pipeline/training/optimizers.ts';
import { peaksOf } from '../src/pipeline/diagnostics/profiling/peaks.ts';
import { profileOf } from '../src/pipeline/diagnostics/profiling/profile.ts';
import { profileText } from '../src/pipeline/diagnostics/profiling/text.ts';
import { storedChoices } from '../src/pipeline/diagnostics/tuning/stored.ts';
import { StepProfiler, WARM_UP, WINDOW } from '../src/pipeline/diagnostics/profiling/stepProfiler.ts';
import { capture, crossEntropy, init, randint, randn } from '../src/index.ts';
import { command, optional } from '../src/pipeline/cli/command.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';
import { deviceName } from '../src/pipeline/cli/shared.ts';
import { FASHION_MNIST_DESCRIPTION } from '../src/pipeline/data/description.ts';
import { buildModel } from '../src/pipeline/models/buildModel.ts';

const profile = command({
  about: `
    Shows where the time of a training step goes, kernel by kernel, without the trainer: the network, the optimizer and the
    batch of a configuration, on random images, with the step captured and replayed. It prints the table of train
    --profile.`,
  arguments: {
    configuration: optional('the file (default: configs/mlp.yaml)'),
    device: optional('webgpu or cpu (default: webgpu)', deviceName),
  },
  run: async ({ configuration = 'configs/mlp.yaml', device: name = 'webgpu' }) => {
    const { model, optimizer: options, train } = loadConfiguration(configuration);
    const device = await init(name, { tuning: storedChoices });
    const network = buildModel(model, FASHION_MNIST_DESCRIPTION);
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
  },
});

await runCommand('npx tsx bench/profile.ts', profile);
