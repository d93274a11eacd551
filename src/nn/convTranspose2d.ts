import { convTranspose2d, type ConvTranspose2dOptions } from '../ops/convTranspose2d.ts';
import { type Pair, pairOf } from '../ops/support/pooling.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { MODULE, type ModuleCreateOptions } from '../tensor/create.ts';
import { BOOLEAN, INTEGER, PAIR } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkFilters, filters, filterText } from './filters.ts';
import { Module } from './module.ts';
import { checkInput } from './moduleArguments.ts';

/** Options of `ConvTranspose2d`. */
export interface ConvTranspose2dModuleOptions extends ConvTranspose2dOptions, ModuleCreateOptions {
  /** Whether there is a bias; true by default. */
  bias?: Maybe<boolean>;
}

interface Checked extends ModuleCreateOptions {
  stride?: Pair;
  padding?: Pair;
  outputPadding?: Pair;
  groups?: number;
  bias?: boolean;
  dilation?: Pair;
}

const takes = signature<Checked>(
  'ConvTranspose2d',
  { inChannels: INTEGER, outChannels: INTEGER, kernelSize: PAIR },
  {
    stride: PAIR,
    padding: PAIR,
    outputPadding: PAIR,
    groups: INTEGER,
    bias: BOOLEAN,
    dilation: PAIR,
    ...MODULE,
  },
  6,
);

/**
 * Spreads filters over images: see `convTranspose2d`. Weight [inChannels, outChannels / groups, KH, KW].
 *
 * @param kernelSize a number, or [height, width]
 * @param rest stride, padding, outputPadding, groups, bias and dilation, in this order or by name
 * @throws ArgumentError for sizes that are not positive integers, or channels that are not a multiple of groups
 * @example
 * new ConvTranspose2d(8, 1, 4, { stride: 2, padding: 1 }); // twice the height and width
 */
export class ConvTranspose2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly #options: Checked;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Pair,
    ...rest:
      | [options?: Maybe<ConvTranspose2dModuleOptions>]
      | [
          stride: Maybe<Pair>,
          padding?: Maybe<Pair>,
          outputPadding?: Maybe<Pair>,
          groups?: Maybe<number>,
          bias?: Maybe<boolean>,
          dilation?: Maybe<Pair>,
          options?: Maybe<ModuleCreateOptions>,
        ]
  ) {
    super();
    const {
      bias = true,
      stride = 1,
      padding = 0,
      outputPadding = 0,
      dilation = 1,
      groups = 1,
      ...create
    } = takes([inChannels, outChannels, kernelSize, ...rest]);
    const pair = (name: string, value: Pair, least: number): readonly [number, number] =>
      pairOf('ConvTranspose2d', name, value, least);
    const kernel = pair('kernelSize', kernelSize, 1);
    checkFilters('ConvTranspose2d', inChannels, outChannels, kernel, groups, 2);
    this.#options = {
      stride: pair('stride', stride, 1),
      padding: pair('padding', padding, 0),
      outputPadding: pair('outputPadding', outputPadding, 0),
      groups,
      dilation: pair('dilation', dilation, 1),
    };
    [this.weight, this.bias] = filters(
      [inChannels, outChannels / groups, ...kernel],
      outChannels,
      bias,
      create,
    );
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return convTranspose2d(x, this.weight, this.bias, this.#options);
  }

  override extraRepr(): string {
    const [inChannels, part, ...kernelSize] = this.weight.shape as [number, number, number, number];
    const { stride, padding, outputPadding, dilation, groups } = this.#options as Required<
      Record<'stride' | 'padding' | 'outputPadding' | 'dilation', readonly number[]>
    > & { groups: number };
    const bias = this.bias !== undefined;
    const options = { kernelSize, stride, padding, outputPadding, dilation, groups, bias };
    return filterText(inChannels, part * groups, options);
  }
}
