import { arange, nn, optim, type Tensor, where } from '../../src/index.ts';
import { batches, fill, type Program, VOCABULARY, windows } from './program.ts';

const [ROWS, LENGTH, WIDTH, HEADS, BLOCKS] = [16, 32, 64, 4, 2];

class Embedding extends nn.Module {
  readonly weight: Tensor;

  constructor(count: number) {
    super();
    this.weight = nn.init.normal([count, WIDTH], 0, 0.02, { requiresGrad: true });
  }

  override forward(index: Tensor): Tensor {
    return this.weight.indexSelect(0, index.flatten()).reshape(...index.shape, WIDTH);
  }
}

class Attention extends nn.Module {
  readonly qkv = new nn.Linear(WIDTH, 3 * WIDTH);
  readonly out = new nn.Linear(WIDTH, WIDTH);

  override forward(x: Tensor): Tensor {
    const all = this.qkv.forward(x);
    const part = (index: number): Tensor =>
      all
        .slice(null, null, [index * WIDTH, (index + 1) * WIDTH])
        .reshape(ROWS, LENGTH, HEADS, WIDTH / HEADS)
        .transpose(1, 2);
    const scores = part(0)
      .matmul(part(1).transpose(-2, -1))
      .mul(1 / Math.sqrt(WIDTH / HEADS));
    const place = arange(LENGTH);
    const attention = where(place.unsqueeze(1).ge(place), scores, -Infinity).softmax(-1);
    return this.out.forward(attention.matmul(part(2)).transpose(1, 2).reshape(ROWS, LENGTH, WIDTH));
  }
}

class Block extends nn.Module {
  readonly norm1 = new nn.LayerNorm(WIDTH);
  readonly attention = new Attention();
  readonly norm2 = new nn.LayerNorm(WIDTH);
  readonly mlp = new nn.Sequential(
    new nn.Linear(WIDTH, 4 * WIDTH),
    new nn.GELU(),
    new nn.Linear(4 * WIDTH, WIDTH),
  );

  override forward(x: Tensor): Tensor {
    const y = x.add(this.attention.forward(this.norm1.forward(x)));
    return y.add(this.mlp.forward(this.norm2.forward(y)));
  }
}

class Gpt extends nn.Module {
  readonly token = new Embedding(VOCABULARY);
  readonly place = new Embedding(LENGTH);
  readonly blocks = new nn.Sequential(...Array.from({ length: BLOCKS }, () => new Block()));
  readonly norm = new nn.LayerNorm(WIDTH);
  readonly head = new nn.Linear(WIDTH, VOCABULARY, { bias: false });

  override forward(tokens: Tensor): Tensor {
    const x = this.token.forward(tokens).add(this.place.forward(arange(LENGTH, { dtype: 'int32' })));
    return this.head.forward(this.norm.forward(this.blocks.forward(x)));
  }
}

/** A character-level GPT of two blocks: AdamW that decays matrices alone, a warm-up, and clipped gradients. */
export function gpt(): Program {
  const model = new Gpt();
  fill(model);
  const parameters = model.parameters();
  const matrices = { params: parameters.filter((each) => each.ndim >= 2), weightDecay: 0.1 };
  const vectors = { params: parameters.filter((each) => each.ndim < 2), weightDecay: 0 };
  const optimizer = new optim.AdamW([matrices, vectors], { lr: 3e-3, betas: [0.9, 0.95] });
  const schedule = new optim.lrScheduler.LinearLR(optimizer, { startFactor: 0.1, totalIters: 10 });
  return {
    batches: batches(8, (index) => windows(index, ROWS, LENGTH)),
    step: (tokens, next) => {
      optimizer.zeroGrad();
      const loss = nn.functional.crossEntropy(model.forward(tokens).flatten(0, 1), next.flatten());
      loss.backward();
      optim.clipGradNorm(parameters, 1);
      optimizer.step();
      return loss;
    },
    after: () => schedule.step(),
  };
}
