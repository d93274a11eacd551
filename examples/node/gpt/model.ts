import { arange, nn, type Tensor } from 'wgrad';

/** The sizes of the network. */
export interface GptOptions {
  /** Different characters. */
  readonly vocabulary: number;
  /** Characters that it sees at once. */
  readonly length: number;
  readonly width: number;
  readonly heads: number;
  readonly blocks: number;
}

/** Self-attention in which each place sees itself and the places before it. */
class Attention extends nn.Module {
  readonly qkv: nn.Linear;
  readonly out: nn.Linear;
  readonly #heads: number;

  constructor(width: number, heads: number) {
    super();
    this.#heads = heads;
    this.qkv = new nn.Linear(width, 3 * width);
    this.out = new nn.Linear(width, width);
  }

  override forward(x: Tensor): Tensor {
    const [rows, length, width] = x.shape as [number, number, number];
    const [query, key, value] = this.qkv
      .forward(x)
      .chunk(3, -1)
      .map((part) => part.reshape(rows, length, this.#heads, -1).transpose(1, 2)) as [Tensor, Tensor, Tensor];
    const seen = nn.functional.scaledDotProductAttention(query, key, value, { isCausal: true });
    return this.out.forward(seen.transpose(1, 2).reshape(rows, length, width));
  }
}

/** Attention, then a small dense network, each added to its input. */
class Block extends nn.Module {
  readonly norm1: nn.LayerNorm;
  readonly attention: Attention;
  readonly norm2: nn.LayerNorm;
  readonly mlp: nn.Sequential;

  constructor(width: number, heads: number) {
    super();
    this.norm1 = new nn.LayerNorm(width);
    this.attention = new Attention(width, heads);
    this.norm2 = new nn.LayerNorm(width);
    this.mlp = new nn.Sequential(
      new nn.Linear(width, 4 * width),
      new nn.GELU(),
      new nn.Linear(4 * width, width),
    );
  }

  override forward(x: Tensor): Tensor {
    const y = x.add(this.attention.forward(this.norm1.forward(x)));
    return y.add(this.mlp.forward(this.norm2.forward(y)));
  }
}

/** A small GPT: for each place of a text, logits of the next character. Tokens are int32 [rows, length]. */
export class Gpt extends nn.Module {
  readonly token: nn.Embedding;
  readonly place: nn.Embedding;
  readonly blocks: nn.Sequential;
  readonly norm: nn.LayerNorm;
  readonly head: nn.Linear;

  constructor({ vocabulary, length, width, heads, blocks }: GptOptions) {
    super();
    this.token = new nn.Embedding(vocabulary, width);
    this.place = new nn.Embedding(length, width);
    this.blocks = new nn.Sequential(...Array.from({ length: blocks }, () => new Block(width, heads)));
    this.norm = new nn.LayerNorm(width);
    this.head = new nn.Linear(width, vocabulary, { bias: false });
  }

  override forward(tokens: Tensor): Tensor {
    const places = arange(tokens.shape[1]!, { dtype: 'int32' });
    const x = this.token.forward(tokens).add(this.place.forward(places));
    return this.head.forward(this.norm.forward(this.blocks.forward(x)));
  }
}
