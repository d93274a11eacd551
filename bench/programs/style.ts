import { nn, noGrad, optim, type Tensor } from '../../src/index.ts';
import { fill, type Program, uniform } from './program.ts';

class Features extends nn.Module {
  readonly conv1 = new nn.Conv2d(3, 16, 3, { padding: 1 });
  readonly pool = new nn.AvgPool2d(2);
  readonly conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 });

  fine(image: Tensor): Tensor {
    return this.conv1.forward(image).relu();
  }

  override forward(fine: Tensor): Tensor {
    return this.conv2.forward(this.pool.forward(fine)).relu();
  }

  /** The activations of both layers. */
  of(image: Tensor): [Tensor, Tensor] {
    const fine = this.fine(image);
    return [fine, this.forward(fine)];
  }
}

/** The mean products of the channels of an image's features. */
function gram(features: Tensor): Tensor {
  const rows = features.flatten(2).squeeze(0);
  return rows.matmul(rows.t()).div(rows.numel());
}

/** Style transfer: an image takes the Gram matrices of one image and the features of another. */
export function style(): Program {
  const model = new Features();
  fill(model);
  for (const parameter of model.parameters()) parameter.requiresGrad = false;
  const shape = [1, 3, 64, 64];
  const [grams, content] = noGrad(() => [
    model.of(uniform(0, shape, 0, 1)).map(gram),
    model.of(uniform(1, shape, 0, 1))[1],
  ]);
  const image = uniform(2, shape, 0, 1);
  image.requiresGrad = true;
  const optimizer = new optim.Adam([image], { lr: 0.02 });
  return {
    batches: [[]],
    step: () => {
      optimizer.zeroGrad();
      const features = model.of(image);
      const styles = features.map((each, index) => nn.functional.mseLoss(gram(each), grams[index]!).mul(1e4));
      const likeness = nn.functional.mseLoss(features[1], content);
      const loss = styles[0]!.add(styles[1]!).add(likeness);
      loss.backward();
      optimizer.step();
      return loss;
    },
  };
}
