import { nn, onesLike, optim, type Tensor, zerosLike } from '../../src/index.ts';
import { batches, fill, PARAMETERS, type Program, uniform, upsample } from './program.ts';

const [ROWS, NOISE] = [32, 32];

class Generator extends nn.Module {
  readonly start = new nn.Linear(NOISE, 64 * 7 * 7);
  readonly conv1 = new nn.Conv2d(64, 32, 3, { padding: 1, bias: false });
  readonly norm1 = new nn.BatchNorm2d(32);
  readonly conv2 = new nn.Conv2d(32, 1, 3, { padding: 1 });

  override forward(noise: Tensor): Tensor {
    const coarse = this.start.forward(noise).relu().reshape(-1, 64, 7, 7);
    const middle = this.norm1.forward(this.conv1.forward(upsample(coarse))).relu();
    return this.conv2.forward(upsample(middle)).tanh();
  }
}

/** A GAN of convolutions: the generator enlarges images between them, the critic strides. */
export function dcgan(): Program {
  const generator = new Generator();
  const critic = new nn.Sequential(
    new nn.Conv2d(1, 32, 3, { stride: 2, padding: 1 }),
    new nn.LeakyReLU(0.2),
    new nn.Conv2d(32, 64, 3, { stride: 2, padding: 1, bias: false }),
    new nn.BatchNorm2d(64),
    new nn.LeakyReLU(0.2),
    new nn.Flatten(),
    new nn.Linear(64 * 7 * 7, 1),
  );
  fill(generator);
  fill(critic, PARAMETERS + 100);
  const options = { lr: 2e-4, betas: [0.5, 0.999] as const };
  const generatorOptimizer = new optim.Adam(generator.parameters(), options);
  const criticOptimizer = new optim.Adam(critic.parameters(), options);
  const judge = (images: Tensor, real: boolean): Tensor => {
    const logits = critic.forward(images);
    const wanted = real ? onesLike(logits) : zerosLike(logits);
    return nn.functional.binaryCrossEntropyWithLogits(logits, wanted);
  };
  return {
    batches: batches(4, (index) => [
      uniform(2 * index, [ROWS, 1, 28, 28]),
      uniform(2 * index + 1, [ROWS, NOISE]),
    ]),
    step: (real, noise) => {
      const fake = generator.forward(noise);
      criticOptimizer.zeroGrad();
      const loss = judge(real, true).add(judge(fake.detach(), false));
      loss.backward();
      criticOptimizer.step();
      generatorOptimizer.zeroGrad();
      judge(fake, true).backward();
      generatorOptimizer.step();
      return loss;
    },
  };
}
