import {
  arange,
  cat,
  einsum,
  manualSeed,
  nn,
  noGrad,
  ones,
  rand,
  randint,
  randn,
  type Shape,
  stack,
  type Tensor,
  tensor,
  where,
  zeros,
} from '../../../src/index.ts';

/** A model for an ONNX file, and an input for it. */
export interface Example {
  readonly name: string;
  readonly model: () => nn.Module;
  readonly input: () => Tensor;
  /** Whether the first dim of the input is no batch. */
  readonly fixed?: true;
}

/** A module that calls a function. */
export class Apply extends nn.Module {
  readonly #body: (x: Tensor) => Tensor;

  constructor(body: (x: Tensor) => Tensor) {
    super();
    this.#body = body;
  }

  override forward(x: Tensor): Tensor {
    return this.#body(x);
  }
}

class Residual extends nn.Module {
  readonly inner: nn.Sequential;

  constructor(channels: number) {
    super();
    const conv = (): nn.Conv2d => new nn.Conv2d(channels, channels, 3, { padding: 1, bias: false });
    const norm = (): nn.BatchNorm2d => new nn.BatchNorm2d(channels);
    this.inner = new nn.Sequential(conv(), norm(), new nn.ReLU(), conv(), norm());
  }

  override forward(x: Tensor): Tensor {
    return this.inner.forward(x).add(x).relu();
  }
}

/** A block of a transformer, in operations. */
class Block extends nn.Module {
  readonly norm1 = new nn.LayerNorm(16);
  readonly norm2 = new nn.LayerNorm(16);
  readonly qkv = new nn.Linear(16, 48);
  readonly out = new nn.Linear(16, 16);
  readonly mlp = new nn.Sequential(new nn.Linear(16, 32), new nn.GELU(), new nn.Linear(32, 16));

  override forward(x: Tensor): Tensor {
    const [batch, length] = x.shape as [number, number];
    const heads = this.qkv
      .forward(this.norm1.forward(x))
      .reshape([batch, length, 3, 4, 4])
      .permute(2, 0, 3, 1, 4);
    const [q, k, v] = heads.unbind(0) as [Tensor, Tensor, Tensor];
    const scores = q.matmul(k.transpose(-2, -1)).mul(0.5).softmax(-1);
    const mixed = scores.matmul(v).permute(0, 2, 1, 3).reshape([batch, length, 16]);
    const y = x.add(this.out.forward(mixed));
    return y.add(this.mlp.forward(this.norm2.forward(y)));
  }
}

class VisionTransformer extends nn.Module {
  readonly patches = new nn.Conv2d(1, 16, 4, { stride: 4 });
  readonly token = new nn.Parameter(randn([1, 1, 16]));
  readonly positions = new nn.Parameter(randn([1, 5, 16]));
  readonly blocks = new nn.Sequential(new Block(), new Block());
  readonly head = new nn.Linear(16, 10);

  override forward(x: Tensor): Tensor {
    const patches = this.patches.forward(x).flatten(2).transpose(1, 2);
    const tokens = cat([this.token.expand(x.shape[0]!, -1, -1), patches], 1).add(this.positions);
    return this.head.forward(this.blocks.forward(tokens).slice(null, [0, 1]).squeeze(1));
  }
}

/** The output of a recurrent network, without its state. */
class First extends nn.Module {
  readonly inner: nn.LSTM | nn.GRU;

  constructor(inner: nn.LSTM | nn.GRU) {
    super();
    this.inner = inner;
  }

  override forward(x: Tensor): Tensor {
    return this.inner.forward(x)[0];
  }
}

/** Attention of a sequence to itself, with its weights. */
class Attending extends nn.Module {
  readonly inner = new nn.MultiheadAttention(8, 2, { batchFirst: true });

  override forward(x: Tensor): Tensor {
    const [output, weights] = this.inner.forward(x, x, x);
    return cat([output, weights!], -1);
  }
}

/** Statistics of an untrained model would hide errors: they are 0 and 1. */
function trained<M extends nn.Module>(model: M, shape: Shape): M {
  noGrad(() => model.train().forward(randn(shape)).dispose());
  return model.eval();
}

const images = (): Tensor => randn([2, 1, 8, 8]);
const maps = (): Tensor => randn([2, 4, 7, 6]);
const classes = (): Tensor => randint(0, 5, [3, 4], { dtype: 'int32' });
const image = (): Tensor => randn([4, 7, 6]);
const sequences = (): Tensor => randn([2, 4, 9]);
const rows = (): Tensor => randn([3, 6]);
const convolution = (name: string, make: () => nn.Module): Example => ({
  name: `Conv2d ${name}`,
  model: make,
  input: maps,
});
const layer = (name: string, make: () => nn.Module, input: () => Tensor = rows): Example => ({
  name,
  model: make,
  input,
});
const call = (name: string, body: (x: Tensor) => Tensor, input: () => Tensor = rows): Example => ({
  name,
  model: () => new Apply(body),
  input,
});

export const networks: readonly Example[] = [
  {
    name: 'MLP',
    model: () =>
      new nn.Sequential(
        new nn.Flatten(),
        new nn.Linear(64, 16),
        new nn.ReLU(),
        new nn.Dropout(0.5),
        new nn.Linear(16, 10),
      ),
    input: images,
  },
  {
    name: 'CNN',
    model: () =>
      trained(
        new nn.Sequential(
          new nn.Conv2d(1, 4, 3, { padding: 1, bias: false }),
          new nn.BatchNorm2d(4),
          new nn.ReLU(),
          new nn.MaxPool2d(2),
          new nn.Conv2d(4, 8, 3, { padding: 1 }),
          new nn.ReLU(),
          new nn.MaxPool2d(2),
          new nn.Flatten(),
          new nn.Dropout(0.25),
          new nn.Linear(32, 10),
        ),
        [8, 1, 8, 8],
      ),
    input: images,
  },
  {
    name: 'ResNet',
    model: () =>
      trained(
        new nn.Sequential(
          new nn.Conv2d(1, 8, 3, { padding: 1 }),
          new Residual(8),
          new nn.AvgPool2d(2),
          new Residual(8),
          new nn.AdaptiveAvgPool2d(1),
          new nn.Flatten(),
          new nn.Linear(8, 10),
        ),
        [8, 1, 8, 8],
      ),
    input: images,
  },
  { name: 'ViT', model: () => new VisionTransformer(), input: images },
];

export const layers: readonly Example[] = [
  layer('Linear without bias', () => new nn.Linear(6, 4, { bias: false })),
  layer(
    'Linear on a sequence',
    () => new nn.Linear(6, 4),
    () => randn([2, 5, 6]),
  ),
  convolution('plain', () => new nn.Conv2d(4, 3, 3)),
  convolution('of one pixel', () => new nn.Conv2d(4, 3, 1)),
  convolution('with groups', () => new nn.Conv2d(4, 6, 3, { groups: 2, stride: [2, 1], padding: [0, 2] })),
  convolution('depthwise', () => new nn.Conv2d(4, 4, 3, { groups: 4, dilation: 2, padding: 2 })),
  convolution('same', () => new nn.Conv2d(4, 2, [2, 4], { padding: 'same' })),
  { name: 'Conv2d of one image', model: () => new nn.Conv2d(4, 3, 3), input: image, fixed: true },
  { name: 'MaxPool2d of one image', model: () => new nn.MaxPool2d(2), input: image, fixed: true },
  { name: 'AvgPool2d of one image', model: () => new nn.AvgPool2d(2), input: image, fixed: true },
  layer('MaxPool2d', () => new nn.MaxPool2d(3, { stride: 2, padding: 1 }), maps),
  layer('MaxPool2d in ceil mode', () => new nn.MaxPool2d(2, { ceilMode: true }), maps),
  layer('MaxPool2d with dilation', () => new nn.MaxPool2d(2, { stride: 1, dilation: 2 }), maps),
  layer('AvgPool2d', () => new nn.AvgPool2d(3, { stride: 2, padding: 1 }), maps),
  layer(
    'AvgPool2d that leaves padding out',
    () => new nn.AvgPool2d(3, { padding: 1, countIncludePad: false }),
    maps,
  ),
  layer('AvgPool2d in ceil mode', () => new nn.AvgPool2d(2, { ceilMode: true }), maps),
  layer('AvgPool2d with a divisor', () => new nn.AvgPool2d(2, { divisorOverride: 3 }), maps),
  layer('AdaptiveAvgPool2d', () => new nn.AdaptiveAvgPool2d(1), maps),
  layer('AdaptiveAvgPool2d of even parts', () => new nn.AdaptiveAvgPool2d([7, 3]), maps),
  layer('AdaptiveAvgPool2d of uneven parts', () => new nn.AdaptiveAvgPool2d([3, 4]), maps),
  layer('BatchNorm2d', () => trained(new nn.BatchNorm2d(4), [8, 4, 3, 3]), maps),
  layer(
    'BatchNorm2d without weights',
    () => trained(new nn.BatchNorm2d(4, { affine: false }), [8, 4, 3, 3]),
    maps,
  ),
  layer('LayerNorm', () => new nn.LayerNorm(6)),
  layer('LayerNorm of two dims', () => new nn.LayerNorm([7, 6], { elementwiseAffine: false }), maps),
  layer('ReLU', () => new nn.ReLU()),
  layer('LeakyReLU', () => new nn.LeakyReLU(0.2)),
  layer('GELU', () => new nn.GELU()),
  layer('GELU by tanh', () => new nn.GELU('tanh')),
  layer('SiLU', () => new nn.SiLU()),
  layer('Sigmoid', () => new nn.Sigmoid()),
  layer('Tanh', () => new nn.Tanh()),
  layer('ELU', () => new nn.ELU(0.5)),
  layer('PReLU', () => new nn.PReLU(6)),
  layer('Hardswish', () => new nn.Hardswish()),
  layer('Softplus', () => new nn.Softplus(2)),
  layer('Softmax', () => new nn.Softmax(1)),
  layer('LogSoftmax', () => new nn.LogSoftmax(1)),
  layer('Identity', () => new nn.Identity()),
  layer('Dropout2d', () => new nn.Dropout2d(), maps),
  layer('Conv1d', () => new nn.Conv1d(4, 6, 3, { stride: 2, padding: 1 }), sequences),
  layer('Conv1d, circular', () => new nn.Conv1d(4, 6, 3, { padding: 2, paddingMode: 'circular' }), sequences),
  layer('MaxPool1d', () => new nn.MaxPool1d(2), sequences),
  layer(
    'Conv2d with a reflected border',
    () => new nn.Conv2d(4, 2, 3, { padding: 1, paddingMode: 'reflect' }),
    maps,
  ),
  layer(
    'ConvTranspose2d',
    () => new nn.ConvTranspose2d(4, 6, 3, { stride: 2, outputPadding: 1, groups: 2 }),
    maps,
  ),
  layer('Upsample', () => new nn.Upsample({ scaleFactor: 2, mode: 'bilinear' }), maps),
  layer('BatchNorm1d', () => trained(new nn.BatchNorm1d(6), [9, 6])),
  layer('GroupNorm', () => new nn.GroupNorm(2, 4), maps),
  layer('InstanceNorm2d', () => new nn.InstanceNorm2d(4, { affine: true }), maps),
  layer('RMSNorm', () => new nn.RMSNorm(6)),
  layer('Embedding', () => new nn.Embedding(5, 3), classes),
  layer(
    'LSTM',
    () => new First(new nn.LSTM(6, 4, { numLayers: 2, batchFirst: true })),
    () => randn([2, 5, 6]),
  ),
  layer(
    'LSTM in both directions',
    () => new First(new nn.LSTM(6, 4, { bidirectional: true, batchFirst: true })),
    () => randn([2, 3, 6]),
  ),
  layer(
    'GRU',
    () => new First(new nn.GRU(6, 4, { batchFirst: true })),
    () => randn([2, 5, 6]),
  ),
  layer(
    'MultiheadAttention',
    () => new Attending(),
    () => randn([2, 5, 8]),
  ),
  layer(
    'TransformerEncoderLayer',
    () => new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true }),
    () => randn([2, 5, 8]),
  ),
];

const positive = (): Tensor => rand([3, 6]).add(0.5);

/** Of several strides, paddings and groups. */
function transposed(x: Tensor): Tensor {
  const kernel = (...shape: number[]): Tensor => randn(shape, { seed: 1, stream: 0 });
  const options = { stride: 2, padding: 1, outputPadding: 1, groups: 2 } as const;
  const once = nn.functional.convTranspose2d(x, kernel(4, 2, 3, 3), kernel(4), options);
  return nn.functional.convTranspose2d(once, kernel(4, 1, 2, 3), { stride: [1, 3], dilation: 2 });
}

export const calls: readonly Example[] = [
  call('arithmetic', (x) => x.add(2).mul(x).sub(x.div(3)).neg()),
  call('powers', (x) => x.pow(3).add(x.sqrt()).add(x.rsqrt()).add(x.reciprocal()).add(x.square()), positive),
  call(
    'functions',
    (x) => x.exp().add(x.log()).add(x.sin()).sub(x.cos()).add(x.erf()).sub(x.log1p()).add(x.expm1()),
    positive,
  ),
  call('rounding', (x) => x.mul(3).floor().add(x.mul(5).ceil()).add(x.mul(7).round()).add(x.mul(4).trunc())),
  call('signs', (x) => x.abs().sub(x.sign())),
  call('limits', (x) =>
    x
      .clamp(-0.5, 1)
      .add(x.clamp({ min: 0 }))
      .add(x.maximum(0.3))
      .sub(x.minimum(x.mul(2))),
  ),
  call('softplus', (x) => x.softplus().add(x.softplus(2, 1))),
  call('comparison', (x) =>
    where(x.gt(0).logicalAnd(x.le(1)), x, x.mul(0.1)).maskedFill(x.eq(0).logicalOr(x.ne(x)), 2),
  ),
  call('comparison as numbers', (x) => x.ge(0.1).to('float32').add(x.lt(-0.1).to('int32'))),
  call('softmax', (x) => x.softmax(-1).add(x.logSoftmax(0))),
  call('sums', (x) => cat([x.sum(1, true), x.mean(1, true), x.amax(1, true), x.amin([1], true)], 1)),
  call('variance', (x) => stack([x.var(1), x.std(1, { correction: 0 }), x.logsumexp(1), x.norm(2, 1)], 1)),
  call('argmax', (x) => x.argmax(1).add(x.argmin(1, true).squeeze(1))),
  call('oneHot', (x) => x.oneHot(5), classes),
  call(
    'indexSelect',
    (x) => arange(20).reshape([5, 4]).indexSelect(0, x.reshape(-1)).reshape([-1, 4, 4]),
    classes,
  ),
  call('gather', (x) => x.gather(1, x.argmax(1, true))),
  call('permute', (x) => x.unsqueeze(1).permute(0, 2, 1).flip(1).squeeze(2)),
  call('parts', (x) => cat(x.slice(null, [1, null, 2]).chunk(3, 1).toReversed(), 1)),
  call('transpose of a matrix', (x) => x.t().t().contiguous()),
  call('expand', (x) =>
    x
      .unsqueeze(1)
      .expand(-1, 3, -1)
      .add(x.unsqueeze(2).slice(null, [0, 3])),
  ),
  call('repeat', (x) => x.repeat(1, 2).roll(1, 1)),
  call('pad', (x) => x.pad([1, 2], { value: 3 }).add(x.pad([0, 3]))),
  call('crop and pad', (x) => x.pad([-1, 1, 2, 0, 0, 1], { value: -1 }), maps),
  call(
    'matmul',
    (x) => x.matmul(x.transpose(-2, -1)),
    () => randn([2, 3, 4, 5]),
  ),
  call('matmul with vectors', (x) => x.matmul(ones([6])).unsqueeze(1)),
  call(
    'einsum',
    (x) => einsum('bij,bkj->bik', x, x),
    () => randn([2, 3, 4]),
  ),
  call(
    'tril',
    (x) => x.tril().add(x.triu(1).mul(2)),
    () => randn([2, 5, 5]),
  ),
  call('interpolate', (x) => x.interpolate({ scaleFactor: 2 }), maps),
  call('bilinear', (x) => x.interpolate({ size: [5, 9], mode: 'bilinear' }), maps),
  call('detached tensors', (x) => x.detach().exp().detach().add(x.clone())),
  call('constants of the size of the batch', (x) =>
    cat([x, zeros([x.shape[0]!, 2]), ones([x.shape[0]!, 1])], 1),
  ),
  call('truth values', (x) => {
    const truth = x.gt(0);
    return truth
      .eq(1)
      .logicalXor(truth.ne(truth.logicalNot()))
      .logicalOr(truth.ge(x.lt(0)))
      .to('float32');
  }),
  call('running sums', (x) => x.cumsum(1).add(x.prod(1, true))),
  call('activations in pieces', (x) => nn.functional.elu(x).add(nn.functional.hardswish(x.mul(2)))),
  call(
    'attention',
    (x) => nn.functional.scaledDotProductAttention(x, x, x, { isCausal: true }),
    () => randn([2, 4, 3]),
  ),
  call('groupNorm', (x) => nn.functional.groupNorm(x, 2), maps),
  call('transposed convolution', transposed, maps),
  call('embedding', (x) => nn.functional.embedding(x, randn([5, 3], { seed: 1, stream: 0 })), classes),
  call('constants', (x) => x.add(tensor([1, 2, 3, 4, 5, 6])).mul(arange(6).add(1))),
];

export const examples: readonly Example[] = [...networks, ...layers, ...calls];

/** The model and its input, always the same. */
export function make({ model, input }: Example): { model: nn.Module; input: Tensor } {
  manualSeed(7);
  return { model: model().eval(), input: input() };
}
