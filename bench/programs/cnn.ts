import { nn, optim } from '../../src/index.ts';
import { batches, fill, integers, type Program, uniform } from './program.ts';

/** A convolutional network that classifies images of 28 × 28. */
export function cnn(): Program {
  const model = new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(16, 32, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(32 * 7 * 7, 64),
    new nn.ReLU(),
    new nn.Linear(64, 10),
  );
  fill(model);
  const optimizer = new optim.Adam(model.parameters());
  return {
    batches: batches(4, (index) => [
      uniform(2 * index, [64, 1, 28, 28], 0, 1),
      integers(2 * index + 1, 64, 10),
    ]),
    step: (images, labels) => {
      optimizer.zeroGrad();
      const loss = nn.functional.crossEntropy(model.forward(images), labels);
      loss.backward();
      optimizer.step();
      return loss;
    },
  };
}
