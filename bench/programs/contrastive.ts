import { arange, cat, eye, nn, optim, type Tensor, where } from '../../src/index.ts';
import { batches, fill, type Program, uniform } from './program.ts';

const [PAIRS, TEMPERATURE] = [32, 0.5];

/** Cross-entropy that finds the other view of an image among all views, by the cosine of their codes. */
function contrast(codes: Tensor): Tensor {
  const unit = codes.div(codes.square().sum(1, true).sqrt());
  const cosines = unit.matmul(unit.t()).div(TEMPERATURE);
  const others = where(eye(2 * PAIRS).ne(0), -Infinity, cosines);
  const partner = cat([arange(PAIRS, 2 * PAIRS, 1, { dtype: 'int32' }), arange(PAIRS, { dtype: 'int32' })]);
  return nn.functional.crossEntropy(others, partner);
}

/** Contrastive learning: an encoder learns that two noisy views show the same image. */
export function contrastive(): Program {
  const model = new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { stride: 2, padding: 1 }),
    new nn.BatchNorm2d(16),
    new nn.ReLU(),
    new nn.Conv2d(16, 32, 3, { stride: 2, padding: 1 }),
    new nn.BatchNorm2d(32),
    new nn.ReLU(),
    new nn.Flatten(),
    new nn.Linear(32 * 7 * 7, 128),
    new nn.ReLU(),
    new nn.Linear(128, 64),
  );
  fill(model);
  const optimizer = new optim.Adam(model.parameters());
  return {
    batches: batches(4, (index) => [
      uniform(2 * index, [PAIRS, 1, 28, 28]),
      uniform(2 * index + 1, [2 * PAIRS, 1, 28, 28], -0.5, 0.5),
    ]),
    step: (images, noise) => {
      optimizer.zeroGrad();
      const loss = contrast(model.forward(cat([images, images]).add(noise)));
      loss.backward();
      optimizer.step();
      return loss;
    },
  };
}
