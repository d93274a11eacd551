import { dropout } from '../ops/dropout.ts';
import { linear } from '../ops/linear.ts';
import { scaledDotProductAttention } from '../ops/scaledDotProductAttention.ts';
import { attentionWeights } from '../ops/support/attentionScores.ts';
import { checkDtype } from '../ops/support/launch.ts';
import { where } from '../ops/where.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { MODULE, type ModuleCreateOptions, zeros } from '../tensor/create.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { BOOLEAN, INTEGER, oneOf, REAL, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { Dropout } from './dropout.ts';
import { xavierUniform } from './init.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { checkSizes } from './moduleArguments.ts';
import { LayerNorm } from './norms.ts';
import { toBeListed } from './parameter.ts';

/** Options of `MultiheadAttention`. */
export interface MultiheadAttentionOptions extends ModuleCreateOptions {
  /** The probability of dropping a weight in training; 0 by default. */
  dropout?: number;
  /** Whether the projections have biases; true by default. */
  bias?: boolean;
  /** Whether tensors are [N, L, E] instead of [L, N, E]; false by default. */
  batchFirst?: boolean;
}

/** Options of the forward pass of `MultiheadAttention`. */
export interface AttendOptions {
  /** For [N, S]: the keys that are left out where it is bool and true, or what is added to the scores. */
  keyPaddingMask?: Maybe<Tensor>;
  /** Whether to return the weights; true by default. */
  needWeights?: Maybe<boolean>;
  /** For [L, S] or [N · heads, L, S]: what a query does not attend to where it is bool and true, or is added to the scores. */
  attnMask?: Maybe<Tensor>;
  /** Whether the weights are the mean of all heads; true by default. */
  averageAttnWeights?: Maybe<boolean>;
}

const takes = signature<MultiheadAttentionOptions>(
  'MultiheadAttention',
  { embedDim: INTEGER, numHeads: INTEGER },
  { dropout: REAL, bias: BOOLEAN, batchFirst: BOOLEAN, ...MODULE },
  2,
);
interface Checked {
  keyPaddingMask?: Tensor;
  needWeights?: boolean;
  attnMask?: Tensor;
  averageAttnWeights?: boolean;
}

const forwardArguments = signature<Checked>(
  'MultiheadAttention.forward',
  { query: TENSOR, key: TENSOR, value: TENSOR },
  { keyPaddingMask: TENSOR, needWeights: BOOLEAN, attnMask: TENSOR, averageAttnWeights: BOOLEAN },
);

/**
 * Attention of several heads, each in its own part of projected queries, keys and values. The heads are joined and
 * projected.
 *
 * `forward(query, key, value, options)` takes [L, N, E] and [S, N, E], or [N, L, E] and [N, S, E] with batchFirst, or [L, E]
 * and [S, E]. It returns [output, weights], the weights [N, L, S], or null without needWeights. Masks mean what they mean in
 * PyTorch's module: true is left out.
 *
 * Source: Vaswani et al.: Attention is all you need (2017); PyTorch's torch.nn.MultiheadAttention.
 *
 * @param embedDim E, a multiple of the number of heads
 * @param rest dropout and bias, in order or by name; batchFirst by name
 * @throws ArgumentError for sizes that are not positive integers, or do not fit
 */
export class MultiheadAttention extends Module<
  [query: Tensor, key: Tensor, value: Tensor, options?: Maybe<AttendOptions>],
  [output: Tensor, weights: Tensor | null]
> {
  readonly inProjWeight: Tensor;
  readonly inProjBias: Tensor | undefined;
  readonly outProj: Linear;
  readonly embedDim: number;
  readonly numHeads: number;
  readonly dropout: number;
  readonly batchFirst: boolean;

  constructor(
    embedDim: number,
    numHeads: number,
    ...rest:
      | [options?: Maybe<MultiheadAttentionOptions>]
      | [dropout: Maybe<number>, bias?: Maybe<boolean>, options?: Maybe<MultiheadAttentionOptions>]
  ) {
    super();
    const {
      dropout: p = 0,
      bias = true,
      batchFirst = false,
      ...create
    } = takes([embedDim, numHeads, ...rest]);
    checkSizes('MultiheadAttention', [embedDim, numHeads]);
    if (embedDim % numHeads !== 0 || !(p >= 0 && p <= 1)) {
      throw new ArgumentError('MultiheadAttention', 'invalid size', {
        takes: 'embedDim that is a multiple of numHeads, 0 ≤ dropout ≤ 1',
        got: `embedDim ${embedDim}, numHeads ${numHeads}, dropout ${p}`,
      });
    }
    const trained = { ...create, requiresGrad: true };
    this.inProjWeight = toBeListed(xavierUniform([3 * embedDim, embedDim], trained));
    this.inProjBias = bias ? toBeListed(zeros([3 * embedDim], trained)) : undefined;
    this.outProj = new Linear(embedDim, embedDim, { bias, ...create });
    if (bias) noGrad(() => this.outProj.bias!.zero_());
    this.embedDim = embedDim;
    this.numHeads = numHeads;
    this.dropout = p;
    this.batchFirst = batchFirst;
  }

  /** @throws ShapeError unless queries, keys, values and masks fit */
  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    ...rest: [options?: Maybe<AttendOptions>]
  ): [output: Tensor, weights: Tensor | null] {
    const options = forwardArguments([query, key, value, ...rest]);
    const { needWeights = true, averageAttnWeights = true } = options;
    const single = query.ndim === 2;
    this.#check(query, key, value, options);
    return scope(() => {
      // [N, L, E]
      const batches = (x: Tensor): Tensor =>
        single ? x.unsqueeze(0) : this.batchFirst ? x : x.transpose(0, 1);
      const [q, k, v] = this.#projected(batches(query), batches(key), batches(value));
      const mask = this.#mask(options, q!.shape[0]!);
      const p = this.training ? this.dropout : 0;
      const weights = needWeights ? this.#weights(q!, k!, mask, p) : undefined;
      const heads =
        weights?.matmul(v!) ?? scaledDotProductAttention(q!, k!, v!, { attnMask: mask, dropoutP: p });
      const joined = heads.transpose(1, 2).flatten(2);
      const output = this.outProj.forward(joined);
      const placed = single ? output.squeeze(0) : this.batchFirst ? output : output.transpose(0, 1);
      if (!weights) return [placed, null];
      const shown = averageAttnWeights ? weights.mean(1) : weights;
      return [placed, single ? shown.squeeze(0) : shown];
    });
  }

  #weights(q: Tensor, k: Tensor, mask: Tensor | undefined, p: number): Tensor {
    const scale = 1 / Math.sqrt(q.shape.at(-1)!);
    const weights = attentionWeights(q, k, { mask, isCausal: false, scale });
    return p > 0 ? dropout(weights, { p }) : weights;
  }

  /** Queries, keys and values of each head: [N, heads, L, E / heads]. */
  #projected(...inputs: [Tensor, Tensor, Tensor]): Tensor[] {
    const { inProjWeight, inProjBias, numHeads } = this;
    const heads = (x: Tensor): Tensor => {
      const [batch, length, width] = x.shape as [number, number, number];
      return x.reshape([batch, length, numHeads, width / numHeads]).transpose(1, 2);
    };
    const weights = inProjWeight.chunk(3);
    const biases = inProjBias?.chunk(3);
    return inputs.map((x, index) => heads(linear(x, weights[index]!, biases?.[index])));
  }

  /** What is added to the scores [N, heads, L, S]. */
  #mask(
    { attnMask, keyPaddingMask }: Pick<Checked, 'attnMask' | 'keyPaddingMask'>,
    batch: number,
  ): Tensor | undefined {
    const heads = this.numHeads;
    const attended =
      attnMask?.ndim === 3 ? attnMask.reshape([batch, heads, ...attnMask.shape.slice(1)]) : attnMask;
    const padded = keyPaddingMask?.reshape([batch, 1, 1, keyPaddingMask.shape.at(-1)!]);
    const [first, second] = [attended, padded].filter((each) => each !== undefined).map(added);
    return first && second ? first.add(second) : first;
  }

  #check(query: Tensor, key: Tensor, value: Tensor, { attnMask, keyPaddingMask }: Checked): void {
    const { embedDim, numHeads, batchFirst } = this;
    const all = [query, key, value];
    const single = query.ndim === 2;
    const [batchAxis, lengthAxis] = single ? [-1, 0] : batchFirst ? [0, 1] : [1, 0];
    const [batch, length, keys] = [
      single ? 1 : query.shape[batchAxis],
      query.shape[lengthAxis],
      key.shape[lengthAxis],
    ];
    const is = (mask: Tensor | undefined, ...shapes: unknown[][]): boolean =>
      !mask || shapes.some((shape) => String(shape) === String(mask.shape));
    const fits =
      all.every(({ ndim, shape }) => ndim === (single ? 2 : 3) && shape.at(-1) === embedDim) &&
      (single || all.every(({ shape }) => shape[batchAxis] === batch)) &&
      value.shape[lengthAxis] === keys &&
      is(attnMask, [length, keys], [batch! * numHeads, length, keys]) &&
      is(keyPaddingMask, single ? [keys] : [batch, keys]);
    const masks = [attnMask, keyPaddingMask].filter((each) => each !== undefined);
    // Numbers of 0 and 1 would be added to the scores.
    for (const mask of masks) checkDtype('MultiheadAttention', mask, 'bool', 'float32', 'float64');
    if (fits) return;
    throw new ShapeError('MultiheadAttention', 'the sizes do not fit', {
      takes: `query ${batchFirst ? '[N, L, E]' : '[L, N, E]'} or [L, E], keys and values likewise; masks [L, S] and [N, S]`,
      got: [...all, ...masks].map(describe).join(', '),
      where: `E = ${embedDim}`,
    });
  }
}

/** A mask as what is added to scores. */
function added(mask: Tensor): Tensor {
  return mask.dtype === 'bool' ? where(mask, -Infinity, zeros([], { device: mask.device })) : mask;
}

/** Options of `TransformerEncoderLayer`. */
export interface EncoderLayerOptions extends ModuleCreateOptions {
  /** The width of the hidden layer; 2048 by default. */
  dimFeedforward?: number;
  /** The probability of dropping elements in training; 0.1 by default. */
  dropout?: number;
  /** The activation of the hidden layer; 'relu' by default. */
  activation?: 'relu' | 'gelu';
  /** Added to the variances of the norms; 1e-5 by default. */
  layerNormEps?: number;
  /** Whether tensors are [N, L, E] instead of [L, N, E]; false by default. */
  batchFirst?: boolean;
  /** Whether the norms come before attention and hidden layer instead of after them; false by default. */
  normFirst?: boolean;
}

const layerArguments = signature<EncoderLayerOptions>(
  'TransformerEncoderLayer',
  { dModel: INTEGER, nhead: INTEGER },
  {
    dimFeedforward: INTEGER,
    dropout: REAL,
    activation: oneOf('relu', 'gelu'),
    layerNormEps: REAL,
    batchFirst: BOOLEAN,
    normFirst: BOOLEAN,
    ...MODULE,
  },
  6,
);
const layerForward = signature<{ srcMask?: Tensor; srcKeyPaddingMask?: Tensor }>(
  'TransformerEncoderLayer.forward',
  { src: TENSOR },
  { srcMask: TENSOR, srcKeyPaddingMask: TENSOR },
);

/**
 * Attention of a sequence to itself and a hidden layer, each with a residual connection and a norm.
 *
 * `forward(src, { srcMask, srcKeyPaddingMask })` takes and returns [L, N, E], or [N, L, E] with batchFirst, or [L, E]. The
 * masks are those of `MultiheadAttention`.
 *
 * Source: Vaswani et al.: Attention is all you need (2017); PyTorch's torch.nn.TransformerEncoderLayer.
 *
 * @param dModel E, a multiple of the number of heads
 * @throws ArgumentError for sizes that are not positive integers, or do not fit
 */
export class TransformerEncoderLayer extends Module<
  [src: Tensor, options?: Maybe<{ srcMask?: Maybe<Tensor>; srcKeyPaddingMask?: Maybe<Tensor> }>]
> {
  readonly selfAttn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly activation: 'relu' | 'gelu';
  readonly normFirst: boolean;

  constructor(
    dModel: number,
    nhead: number,
    ...rest:
      | [options?: Maybe<EncoderLayerOptions>]
      | [
          dimFeedforward: Maybe<number>,
          dropout?: Maybe<number>,
          activation?: Maybe<'relu' | 'gelu'>,
          layerNormEps?: Maybe<number>,
          batchFirst?: Maybe<boolean>,
          normFirst?: Maybe<boolean>,
          options?: Maybe<ModuleCreateOptions>,
        ]
  ) {
    super();
    const {
      dimFeedforward = 2048,
      dropout: p = 0.1,
      activation = 'relu',
      layerNormEps: eps = 1e-5,
      batchFirst = false,
      normFirst = false,
      ...create
    } = layerArguments([dModel, nhead, ...rest]);
    this.selfAttn = new MultiheadAttention(dModel, nhead, { dropout: p, batchFirst, ...create });
    this.linear1 = new Linear(dModel, dimFeedforward, create);
    this.dropout = new Dropout(p);
    this.linear2 = new Linear(dimFeedforward, dModel, create);
    this.norm1 = new LayerNorm(dModel, { eps, ...create });
    this.norm2 = new LayerNorm(dModel, { eps, ...create });
    this.dropout1 = new Dropout(p);
    this.dropout2 = new Dropout(p);
    this.activation = activation;
    this.normFirst = normFirst;
  }

  override forward(
    src: Tensor,
    ...rest: [options?: Maybe<{ srcMask?: Maybe<Tensor>; srcKeyPaddingMask?: Maybe<Tensor> }>]
  ): Tensor {
    const { srcMask: attnMask, srcKeyPaddingMask: keyPaddingMask } = layerForward([src, ...rest]);
    const attend = (x: Tensor): Tensor =>
      this.dropout1.forward(
        this.selfAttn.forward(x, x, x, { attnMask, keyPaddingMask, needWeights: false })[0],
      );
    const widen = (x: Tensor): Tensor => {
      const hidden = this.linear1.forward(x);
      const active = this.activation === 'relu' ? hidden.relu() : hidden.gelu();
      return this.dropout2.forward(this.linear2.forward(this.dropout.forward(active)));
    };
    return scope(() => {
      if (this.normFirst) {
        const attended = src.add(attend(this.norm1.forward(src)));
        return attended.add(widen(this.norm2.forward(attended)));
      }
      const attended = this.norm1.forward(src.add(attend(src)));
      return this.norm2.forward(attended.add(widen(attended)));
    });
  }
}
