// What the modules of convolutions share.

import type { ModuleCreateOptions } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { symmetricUniform } from '../tensor/random.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { fans, kaimingUniform } from './init.ts';
import { toBeListed } from './parameter.ts';
import { keywords } from './representation.ts';

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
