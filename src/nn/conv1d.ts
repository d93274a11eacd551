import { pad } from '../ops/pad.ts';
import { conv1d, type Conv1dOptions } from '../ops/sequences.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { MODULE, type ModuleCreateOptions } from '../tensor/create.ts';
import { BOOLEAN, either, INTEGER, oneOf } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  border,
  checkFilters,
  checkSame,
  filters,
  filterText,
  PADDING_MODE,
  type PaddingMode,
} from './filters.ts';
import { Module } from './module.ts';
import { checkInput, checkSizes } from './moduleArguments.ts';

/** Options of `Conv1d`. */
export interface Conv1dModuleOptions extends Conv1dOptions, ModuleCreateOptions {
  /** Whether there is a bias; true by default. */
  bias?: Maybe<boolean>;
  /** What the padding consists of; zeros by default. */
  paddingMode?: Maybe<PaddingMode>;
}

interface Checked extends ModuleCreateOptions {
  stride?: number;
  padding?: number | 'same' | 'valid';
  dilation?: number;
  groups?: number;
  bias?: boolean;
  paddingMode?: PaddingMode;
}

const takes = signature<Checked>(
  'Conv1d',
  { inChannels: INTEGER, outChannels: INTEGER, kernelSize: INTEGER },
  {
    stride: INTEGER,
    padding: either(INTEGER, oneOf('same', 'valid')),
    dilation: INTEGER,
    groups: INTEGER,
    bias: BOOLEAN,
    paddingMode: PADDING_MODE,
    ...MODULE,
  },
  6,
);

/**
 * A bank of filters over sequences: see `conv1d`. Weight [outChannels, inChannels / groups, kernelSize].
 *
 * @param rest stride, padding, dilation, groups, bias and paddingMode, in this order or by name
 * @throws ArgumentError for sizes that are not positive integers, or channels that are not a multiple of groups
 */
export class Conv1d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly paddingMode: PaddingMode;
  readonly #options: Checked;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    ...rest:
      | [options?: Maybe<Conv1dModuleOptions>]
      | [
          stride: Maybe<number>,
          padding?: Maybe<number | 'same' | 'valid'>,
          dilation?: Maybe<number>,
          groups?: Maybe<number>,
          bias?: Maybe<boolean>,
          paddingMode?: Maybe<PaddingMode>,
          options?: Maybe<ModuleCreateOptions>,
        ]
  ) {
    super();
    const {
      bias = true,
      stride = 1,
      padding = 0,
      dilation = 1,
      groups = 1,
      paddingMode = 'zeros',
      ...create
    } = takes([inChannels, outChannels, kernelSize, ...rest]);
    checkFilters('Conv1d', inChannels, outChannels, [kernelSize], groups, 1);
    checkSizes('Conv1d', [stride, dilation]);
    checkSame('Conv1d', padding, stride);
    if (typeof padding === 'number') checkSizes('Conv1d', [padding], 0);
    this.paddingMode = paddingMode;
    this.#options = { stride, padding, dilation, groups };
    const shape = [outChannels, inChannels / groups, kernelSize];
    [this.weight, this.bias] = filters(shape, outChannels, bias, create);
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    const { paddingMode, weight, bias } = this;
    const options = this.#options;
    if (paddingMode === 'zeros') return conv1d(x, weight, bias, options);
    const { padding = 0, dilation = 1 } = options;
    const amounts = border(weight.shape.slice(2), padding, dilation);
    return scope(() => conv1d(pad(x, amounts, paddingMode), weight, bias, { ...options, padding: 0 }));
  }

  override extraRepr(): string {
    const [outChannels, fanIn, kernelSize] = this.weight.shape as [number, number, number];
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = this.#options;
    return filterText(fanIn * groups, outChannels, {
      kernelSize: [kernelSize],
      stride: [stride],
      padding: typeof padding === 'string' ? padding : [padding],
      dilation: [dilation],
      groups,
      bias: this.bias !== undefined,
      paddingMode: this.paddingMode,
    });
  }
}
