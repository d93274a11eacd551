import { embedding, rowOf } from '../ops/embedding.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { MODULE, type ModuleCreateOptions } from '../tensor/create.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { INTEGER } from '../tensor/kinds.ts';
import { randn } from '../tensor/random.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { checkInput, checkSizes } from './moduleArguments.ts';
import { toBeListed } from './parameter.ts';
import { keywords } from './representation.ts';

const takes = signature<ModuleCreateOptions & { paddingIdx?: number }>(
  'Embedding',
  { numEmbeddings: INTEGER, embeddingDim: INTEGER },
  { paddingIdx: INTEGER, ...MODULE },
  1,
);

/**
 * A table of trained vectors, which are looked up by their positions: see `embedding`. They start as normal numbers.
 *
 * @param rest paddingIdx: a row that starts as 0 and is never trained
 * @throws ArgumentError for sizes that are not positive integers, or a row that does not exist
 * @example
 * new Embedding(256, 64).forward(tensor([[1, 2]], { dtype: 'int32' })); // float32[1, 2, 64]
 */
export class Embedding extends Module {
  weight: Tensor;
  readonly paddingIdx: number | undefined;

  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    ...rest:
      | [options?: Maybe<ModuleCreateOptions & { paddingIdx?: Maybe<number> }>]
      | [paddingIdx: Maybe<number>, options?: Maybe<ModuleCreateOptions>]
  ) {
    super();
    const { paddingIdx, ...create } = takes([numEmbeddings, embeddingDim, ...rest]);
    checkSizes('Embedding', [numEmbeddings, embeddingDim]);
    this.weight = toBeListed(randn([numEmbeddings, embeddingDim], { ...create, requiresGrad: true }));
    if (paddingIdx === undefined) return;
    const row = (this.paddingIdx = rowOf('Embedding', paddingIdx, numEmbeddings));
    scope(() => noGrad(() => void this.weight.at(row).zero_()));
  }

  /**
   * The vectors at positions.
   *
   * @param x int32
   */
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return embedding(x, this.weight, this.paddingIdx);
  }

  override extraRepr(): string {
    const [numEmbeddings, embeddingDim] = this.weight.shape as [number, number];
    const padding = keywords({ paddingIdx: this.paddingIdx });
    return `${numEmbeddings}, ${embeddingDim}${padding && `, ${padding}`}`;
  }
}
