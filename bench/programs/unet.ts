import { cat, layerNorm, nn, optim, type Tensor } from '../../src/index.ts';
import { batches, fill, type Program, uniform, upsample } from './program.ts';

const [ROWS, SIDE] = [16, 16];

class GroupNorm extends nn.Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly groups: number;

  constructor(groups: number, channels: number) {
    super();
    this.groups = groups;
    this.weight = nn.init.ones([channels], { requiresGrad: true });
    this.bias = nn.init.zeros([channels], { requiresGrad: true });
  }

  override forward(x: Tensor): Tensor {
    const grouped = x.reshape(x.shape[0]!, this.groups, -1);
    const y = layerNorm(grouped, grouped.shape[2]!).reshape(x.shape);
    return y.mul(this.weight.reshape(-1, 1, 1)).add(this.bias.reshape(-1, 1, 1));
  }
}

class UNet extends nn.Module {
  readonly conv1 = new nn.Conv2d(2, 16, 3, { padding: 1 });
  readonly norm1 = new GroupNorm(4, 16);
  readonly conv2 = new nn.Conv2d(16, 32, 3, { stride: 2, padding: 1 });
  readonly norm2 = new GroupNorm(4, 32);
  readonly conv3 = new nn.Conv2d(48, 16, 3, { padding: 1 });
  readonly norm3 = new GroupNorm(4, 16);
  readonly out = new nn.Conv2d(16, 1, 1);

  override forward(x: Tensor): Tensor {
    const fine = this.norm1.forward(this.conv1.forward(x)).silu();
    const coarse = this.norm2.forward(this.conv2.forward(fine)).silu();
    const joined = cat([upsample(coarse), fine], 1);
    return this.out.forward(this.norm3.forward(this.conv3.forward(joined)).silu());
  }
}

/** The U-Net of a diffusion model, which finds the noise in an image. */
export function unet(): Program {
  const model = new UNet();
  fill(model);
  const optimizer = new optim.AdamW(model.parameters(), { lr: 2e-3 });
  return {
    batches: batches(4, (index) => [
      uniform(3 * index, [ROWS, 1, SIDE, SIDE]),
      uniform(3 * index + 1, [ROWS, 1, SIDE, SIDE], -1.7, 1.7),
      uniform(3 * index + 2, [ROWS, 1, 1, 1], 0, 1),
    ]),
    step: (images, noise, time) => {
      optimizer.zeroGrad();
      const angle = time.mul(Math.PI / 2);
      const noisy = images.mul(angle.cos()).add(noise.mul(angle.sin()));
      const input = cat([noisy, time.expand(ROWS, 1, SIDE, SIDE)], 1);
      const loss = nn.functional.mseLoss(model.forward(input), noise);
      loss.backward();
      optim.clipGradNorm(model.parameters(), 1);
      optimizer.step();
      return loss;
    },
  };
}
