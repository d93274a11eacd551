import { grad, nn, optim, type Tensor } from '../../src/index.ts';
import { batches, fill, PARAMETERS, type Program, uniform } from './program.ts';

const [ROWS, NOISE, PIXELS] = [64, 32, 784];

/** 10 (|∂critic/∂x| - 1)², whose gradient needs a gradient of a gradient. */
function penalty(critic: nn.Module, x: Tensor): Tensor {
  x.requiresGrad = true;
  const [slope] = grad(critic.forward(x).sum(), [x], { createGraph: true });
  return slope.square().sum(1).sqrt().sub(1).square().mean().mul(10);
}

/** A Wasserstein GAN with gradient penalty. */
export function wgan(): Program {
  const generator = new nn.Sequential(
    new nn.Linear(NOISE, 128),
    new nn.ReLU(),
    new nn.Linear(128, PIXELS),
    new nn.Tanh(),
  );
  const critic = new nn.Sequential(
    new nn.Linear(PIXELS, 128),
    new nn.LeakyReLU(0.2),
    new nn.Linear(128, 128),
    new nn.LeakyReLU(0.2),
    new nn.Linear(128, 1),
  );
  fill(generator);
  fill(critic, PARAMETERS + 100);
  const options = { lr: 1e-4, betas: [0.5, 0.9] as const };
  const generatorOptimizer = new optim.Adam(generator.parameters(), options);
  const criticOptimizer = new optim.Adam(critic.parameters(), options);
  return {
    batches: batches(4, (index) => [
      uniform(3 * index, [ROWS, PIXELS]),
      uniform(3 * index + 1, [ROWS, NOISE]),
      uniform(3 * index + 2, [ROWS, 1], 0, 1),
    ]),
    step: (real, noise, share) => {
      const fake = generator.forward(noise);
      const still = fake.detach();
      criticOptimizer.zeroGrad();
      const between = real.mul(share).add(still.mul(share.neg().add(1)));
      const distance = critic.forward(real).mean().sub(critic.forward(still).mean());
      const loss = penalty(critic, between).sub(distance);
      loss.backward();
      criticOptimizer.step();
      generatorOptimizer.zeroGrad();
      critic.forward(fake).mean().neg().backward();
      generatorOptimizer.step();
      return loss;
    },
  };
}
