import { nn, optim, type Tensor } from '../../src/index.ts';
import { batches, fill, type Program, uniform } from './program.ts';

class Autoencoder extends nn.Module {
  readonly hidden = new nn.Linear(784, 128);
  readonly mean = new nn.Linear(128, 16);
  readonly logVariance = new nn.Linear(128, 16);
  readonly back = new nn.Linear(16, 128);
  readonly out = new nn.Linear(128, 784);

  encode(x: Tensor): [mean: Tensor, logVariance: Tensor] {
    const hidden = this.hidden.forward(x).relu();
    return [this.mean.forward(hidden), this.logVariance.forward(hidden)];
  }

  override forward(code: Tensor): Tensor {
    return this.out.forward(this.back.forward(code).relu());
  }
}

/** A variational autoencoder of binary images: reconstruction in logits, and the divergence from the prior. */
export function vae(): Program {
  const model = new Autoencoder();
  fill(model);
  const optimizer = new optim.Adam(model.parameters());
  return {
    batches: batches(4, (index) => [
      uniform(2 * index, [64, 784], -0.6, 0.4)
        .gt(0)
        .to('float32'),
      uniform(2 * index + 1, [64, 16]),
    ]),
    step: (images, noise) => {
      optimizer.zeroGrad();
      const [mean, logVariance] = model.encode(images);
      const logits = model.forward(mean.add(noise.mul(logVariance.mul(0.5).exp())));
      const reconstruction = nn.functional.binaryCrossEntropyWithLogits(logits, images, {
        reduction: 'sum',
      });
      const divergence = logVariance.add(1).sub(mean.square()).sub(logVariance.exp()).sum().mul(-0.5);
      const loss = reconstruction.add(divergence).div(64);
      loss.backward();
      optimizer.step();
      return loss;
    },
  };
}
