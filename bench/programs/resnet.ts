import { nn, noGrad, optim, scope, type Tensor } from '../../src/index.ts';
import { batches, fill, integers, type Program, uniform } from './program.ts';

class Block extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly norm1: nn.BatchNorm2d;
  readonly conv2: nn.Conv2d;
  readonly norm2: nn.BatchNorm2d;
  readonly short: nn.Sequential | undefined;

  constructor(inputs: number, outputs: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false });
    this.norm1 = new nn.BatchNorm2d(outputs);
    this.conv2 = new nn.Conv2d(outputs, outputs, 3, { padding: 1, bias: false });
    this.norm2 = new nn.BatchNorm2d(outputs);
    if (inputs !== outputs) {
      const across = new nn.Conv2d(inputs, outputs, 1, { stride, bias: false });
      this.short = new nn.Sequential(across, new nn.BatchNorm2d(outputs));
    }
  }

  override forward(x: Tensor): Tensor {
    const inner = this.norm1.forward(this.conv1.forward(x)).relu();
    const y = this.norm2.forward(this.conv2.forward(inner));
    return y.add(this.short?.forward(x) ?? x).relu();
  }
}

const network = (): nn.Sequential =>
  new nn.Sequential(
    new nn.Conv2d(3, 16, 3, { padding: 1, bias: false }),
    new nn.BatchNorm2d(16),
    new nn.ReLU(),
    new Block(16, 16, 1),
    new Block(16, 32, 2),
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(32, 10),
  );

/** A residual network: smoothed labels, SGD with Nesterov's momentum on a cosine schedule, averaged weights. */
export function resnet(): Program {
  const [model, average] = [network(), network()];
  fill(model);
  average.loadStateDict(model.stateDict());
  const optimizer = new optim.SGD(model.parameters(), {
    lr: 0.02,
    momentum: 0.9,
    weightDecay: 5e-4,
    nesterov: true,
  });
  const schedule = new optim.lrScheduler.CosineAnnealingLR(optimizer, 1000);
  const blend = (): void => {
    const now = model.stateDict();
    const blended = Object.entries(average.stateDict()).map(([name, old]) => [
      name,
      old.dtype === 'int32' ? now[name]! : old.mul(0.9).add(now[name]!.mul(0.1)),
    ]);
    average.loadStateDict(Object.fromEntries(blended) as nn.StateDict);
  };
  return {
    batches: batches(4, (index) => [
      uniform(2 * index, [32, 3, 16, 16], 0, 1),
      integers(2 * index + 1, 32, 10),
    ]),
    step: (images, labels) => {
      optimizer.zeroGrad();
      const loss = nn.functional.crossEntropy(model.forward(images), labels, { labelSmoothing: 0.1 });
      loss.backward();
      optimizer.step();
      scope(() => noGrad(blend));
      return loss;
    },
    after: () => schedule.step(),
  };
}
