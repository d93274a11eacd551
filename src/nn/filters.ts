// What the modules of convolutions share.

import type { Kind } from '../tensor/arguments.ts';
import type { ModuleCreateOptions } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { oneOf } from '../tensor/kinds.ts';
import { symmetricUniform } from '../tensor/random.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { fans, kaimingUniform } from './init.ts';
import { toBeListed } from './parameter.ts';
import { keywords } from './representation.ts';

/** What `padding` consists of: zeros, or elements as in `pad`. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

export const PADDING_MODE: Kind = oneOf('zeros', 'reflect', 'replicate', 'circular');

/** What `pad` takes for the padding of a convolution: [left, right, top, bottom] of images, [before, after] of sequences. */
export function border(
  kernel: Shape,
  padding: number | readonly number[] | 'same' | 'valid',
  dilation: number | readonly number[],
): number[] {
  const sides = kernel.map((length, axis) => {
    if (padding === 'valid') return [0, 0];
    if (padding !== 'same') return new Array<number>(2).fill(sizeOf(padding, axis));
    const total = sizeOf(dilation, axis) * (length - 1);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });
  return sides.reverse().flat();
}

function sizeOf(sizes: number | readonly number[], axis: number): number {
  return typeof sizes === 'number' ? sizes : sizes[axis]!;
}

/** Throws ArgumentError for padding 'same' with a stride, which would not keep the size. */
export function checkSame(module: string, padding: unknown, stride: number | readonly number[]): void {
  if (padding !== 'same' || [stride].flat().every((step) => step === 1)) return;
  throw new ArgumentError(module, "padding 'same' with a stride", {
    takes: "stride 1 with padding 'same'",
    got: `stride ${JSON.stringify(stride)}`,
  });
}

/** Throws ArgumentError unless sizes are positive integers, and channels multiples of groups. */
export function checkFilters(
  module: string,
  inChannels: number,
  outChannels: number,
  kernel: Shape,
  groups: number,
  dims: number,
): void {
  const sizes = [inChannels, outChannels, groups, ...kernel];
  const whole = sizes.every((size) => Number.isSafeInteger(size) && size > 0);
  if (whole && kernel.length === dims && inChannels % groups === 0 && outChannels % groups === 0) return;
  throw new ArgumentError(module, 'invalid size', {
    takes: 'positive integers, and channels that are multiples of groups',
    got: `inChannels ${inChannels}, outChannels ${outChannels}, kernelSize ${JSON.stringify(new Set(kernel).size === 1 ? kernel[0] : kernel)}, groups ${groups}`,
  });
}

/** Filters and a bias, uniform in ±1 / √fanIn. */
export function filters(
  shape: Shape,
  outChannels: number,
  bias: boolean,
  create: ModuleCreateOptions,
): [weight: Tensor, bias: Tensor | undefined] {
  const trained = { ...create, requiresGrad: true };
  const weight = toBeListed(kaimingUniform(shape, { ...trained, a: Math.sqrt(5) }));
  if (!bias) return [weight, undefined];
  return [weight, toBeListed(symmetricUniform([outChannels], 1 / Math.sqrt(fans(shape).fanIn), trained))];
}

/** The options of a convolution, one number for each axis. */
export interface FilterOptions {
  kernelSize: Shape;
  stride: Shape;
  padding: Shape | string;
  dilation: Shape;
  outputPadding?: Shape;
  groups: number;
  bias: boolean;
  paddingMode?: string;
}

/** A convolution as PyTorch prints it: options that have their default are left out. */
export function filterText(inChannels: number, outChannels: number, options: FilterOptions): string {
  const { kernelSize, stride, padding, dilation, outputPadding = [], groups, bias, paddingMode } = options;
  const unlessAll = (sizes: Shape, usual: number): Shape | undefined =>
    sizes.every((each) => each === usual) ? undefined : sizes;
  const text = keywords({
    kernelSize,
    stride,
    padding: typeof padding === 'string' ? padding : unlessAll(padding, 0),
    dilation: unlessAll(dilation, 1),
    outputPadding: unlessAll(outputPadding, 0),
    groups: groups === 1 ? undefined : groups,
    bias: bias ? undefined : false,
    paddingMode: paddingMode === 'zeros' ? undefined : paddingMode,
  });
  return `${inChannels}, ${outChannels}, ${text}`;
}
