import { beforeAll, describe, expect, it } from 'vitest';
import {
  arange,
  capture,
  init,
  nn,
  noGrad,
  ones,
  randn,
  scope,
  type Tensor,
  tensor,
} from '../../src/index.ts';

beforeAll(async () => {
  await init('cpu');
});

/** A part of a GPT as its authors name it in PyTorch. */
class Attention extends nn.Module<[x: Tensor, past?: Tensor], [y: Tensor, past: Tensor]> {
  readonly cAttn = new nn.Linear(4, 12);
  readonly cProj = new nn.Linear(4, 4);
  readonly heads = { leftHead: new nn.Linear(4, 2) };

  override forward(x: Tensor, past?: Tensor): [Tensor, Tensor] {
    const [q, k, v] = this.cAttn.forward(x).chunk(3, -1) as [Tensor, Tensor, Tensor];
    const keys = past ? k.add(past) : k;
    return [this.cProj.forward(nn.functional.scaledDotProductAttention(q, keys, v)), keys];
  }
}

describe('modules of several inputs and outputs', () => {
  it('have names in snake case, as tensors have; keys of plain objects stay', () => {
    expect(Object.keys(new Attention().stateDict())).toEqual([
      'c_attn.weight',
      'c_attn.bias',
      'c_proj.weight',
      'c_proj.bias',
      'heads.leftHead.weight',
      'heads.leftHead.bias',
    ]);
    expect(String(new Attention())).toContain('(c_attn): Linear(');
  });

  it('return what their type says', () => {
    const layer = new Attention();
    const [y, past] = layer.forward(randn(3, 4));
    const [again] = layer.forward(randn(3, 4), past);
    expect([y.shape, past.shape, again.shape]).toEqual([
      [3, 4],
      [3, 4],
      [3, 4],
    ]);
  });

  it('stand in lists and summaries', () => {
    const list = new nn.ModuleList([new Attention(), new Attention()]);
    expect(list[1]!.forward(randn(2, 4))[1].shape).toEqual([2, 4]);
    const rows = nn.summary(new nn.LSTM(3, 5), [7, 2, 3]).layers;
    expect(rows.map(({ kind, outputShape, parameters }) => [kind, outputShape, parameters])).toEqual([
      ['LSTM', [7, 2, 5], 4 * 5 * (3 + 5 + 2)],
    ]);
  });

  it('share a weight by assigning it', () => {
    class Tied extends nn.Module {
      readonly embedding = new nn.Embedding(6, 4);
      readonly head = new nn.Linear(4, 6, { bias: false });
      constructor() {
        super();
        this.head.weight = this.embedding.weight;
      }
      override forward(x: Tensor): Tensor {
        return this.head.forward(this.embedding.forward(x));
      }
    }
    const model = new Tied();
    expect(model.parameters()).toHaveLength(1);
    model
      .forward(tensor([1, 2], { dtype: 'int32' }))
      .sum()
      .backward();
    expect(model.embedding.weight.grad!.shape).toEqual([6, 4]);
  });
});

describe('buffers', () => {
  class Positions extends nn.Module {
    readonly mask: Tensor = this.registerBuffer('mask', ones(2));
    readonly places: Tensor = this.registerBuffer('places', arange(3), { persistent: false });
    override forward(x: Tensor): Tensor {
      return x.mul(this.mask);
    }
  }

  it('are saved, unless they say otherwise, and never trained', async () => {
    const model = new Positions();
    expect(Object.keys(model.stateDict())).toEqual(['mask']);
    expect(model.namedTensors().map(([name]) => name)).toEqual(['mask', 'places']);
    model.mask.requiresGrad = true;
    expect(model.parameters()).toEqual([]);
    const other = await init('cpu');
    await model.to(other);
    expect(model.places.device).toBe(other);
    model.dispose();
    expect([model.mask.freed, model.places.freed]).toEqual([true, true]);
  });

  it('take no name that is taken', () => {
    const model = new Positions();
    for (const name of ['mask', 'forward', '', 'a.b'])
      expect(() => model.registerBuffer(name, ones(1))).toThrow(/invalid name/);
  });
});

it('requiresGrad_ freezes and thaws all parameters', () => {
  const model = new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3));
  const flags = (): boolean[] => model.parameters().map(({ requiresGrad }) => requiresGrad);
  expect(model.requiresGrad_(false)).toBe(model);
  expect(flags()).toEqual([false, false, false, false]);
  model.requiresGrad_();
  expect(flags()).toEqual([true, true, true, true]);
  expect(model.layers[1]!.stateDict()['running_mean']!.requiresGrad).toBe(false);
});

it('the weights of PReLU start as its option says', async () => {
  expect(await new nn.PReLU().weight.toArray()).toEqual([0.25]);
  expect(await new nn.PReLU(2, 0.5).weight.toArray()).toEqual([0.5, 0.5]);
});

it('the padding row of an embedding starts as 0', async () => {
  const [, row] = (await new nn.Embedding(3, 2, { paddingIdx: 1 }).weight.toArray()) as number[][];
  expect(row).toEqual([0, 0]);
});

describe('hooks', () => {
  class Twice extends nn.Linear {
    override forward(x: Tensor): Tensor {
      return super.forward(x).mul(2);
    }
  }

  it('see inputs and outputs once, and may replace them', async () => {
    const layer = new Twice(1, 1, { bias: false });
    noGrad(() => layer.weight.fill_(3));
    const seen: number[][] = [];
    const first = layer.registerForwardHook((module, [x], y) => {
      seen.push([module.weight.numel(), x.numel(), y.numel()]);
      return undefined;
    });
    const second = layer.registerForwardHook((_, __, y) => y.add(1));
    const before = layer.registerForwardPreHook((_, [x]) => [x.mul(10)]);
    expect(await layer.forward(ones(1, 1)).item()).toBe(61);
    expect(seen).toEqual([[1, 1, 1]]);
    const one = layer.registerForwardPreHook((_, [x]) => x.mul(10));
    expect(await layer.forward(ones(1, 1)).item()).toBe(601);
    one.remove();
    before.remove();
    expect(await layer.forward(ones(1, 1)).item()).toBe(7);
    first.remove();
    second.remove();
    expect(await layer.forward(ones(1, 1)).item()).toBe(6);
    expect(seen).toHaveLength(3);
  });

  it('are called for layers that a chain computes in one launch otherwise', () => {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU());
    const names: string[] = [];
    for (const layer of model.layers) {
      layer.registerForwardHook((module) => {
        names.push(module.constructor.name);
        return undefined;
      });
    }
    model.forward(randn(3, 2));
    expect(names).toEqual(['Linear', 'ReLU']);
  });
});

it('the layers train in a captured step as without it', async () => {
  const device = await init('cpu');
  class Model extends nn.Module {
    readonly embedding = new nn.Embedding(9, 4, { paddingIdx: 0 });
    readonly encoder = new nn.TransformerEncoderLayer(4, 2, {
      dimFeedforward: 8,
      dropout: 0,
      batchFirst: true,
    });
    readonly conv = new nn.Conv1d(4, 4, 3, { padding: 'same' });
    readonly norm = new nn.GroupNorm(2, 4);
    readonly lstm = new nn.LSTM(4, 3, { batchFirst: true, bidirectional: true });
    override forward(x: Tensor): Tensor {
      const length = x.shape[1]!;
      const srcMask = ones([length, length], { dtype: 'int32', device }).triu(1).gt(0);
      const encoded = this.encoder.forward(this.embedding.forward(x), { srcMask });
      const mixed = this.norm.forward(this.conv.forward(encoded.transpose(1, 2)));
      return this.lstm.forward(mixed.transpose(1, 2))[0].square().mean();
    }
  }
  const tokens = [0, 1, 2].map((start) =>
    tensor(
      Array.from({ length: 10 }, (_, at) => (start + at) % 9),
      { shape: [2, 5], dtype: 'int32' },
    ),
  );
  const weights = new Model().stateDict();
  const train = async (captured: boolean): Promise<number[]> => {
    const model = new Model();
    model.loadStateDict(weights);
    const step = (x: Tensor): Tensor => {
      const loss = model.forward(x);
      loss.backward();
      noGrad(() => {
        for (const parameter of model.parameters()) parameter.add_(parameter.grad!, { alpha: -0.1 });
      });
      model.zeroGrad();
      return loss.detach();
    };
    const run = captured ? capture(step) : (x: Tensor) => scope(() => step(x));
    const losses: number[] = [];
    for (let index = 0; index < 6; index++) losses.push(await run(tokens[index % 3]!).item());
    return losses;
  };
  expect(await train(true)).toEqual(await train(false));
});

it.each(['LSTM', 'GRU'] as const)('%s refuses a sequence without steps', (name) => {
  const module = new nn[name](3, 4);
  expect(() => module.forward(ones([0, 2, 3]))).toThrow(/an empty sequence/);
  expect(() => module.forward(ones([0, 3]))).toThrow(/an empty sequence/);
  expect(module.forward(ones([2, 0, 3]))[0].shape).toEqual([2, 0, 4]);
});
