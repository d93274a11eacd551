import type { Variant } from '../../backend/backend.ts';
import { empty, zeros } from '../../tensor/create.ts';
import { isGradEnabled } from '../../tensor/gradientMode.ts';
import { scope } from '../../tensor/scope.ts';
import { type Gradients, type Homes, withGradient } from '../../tensor/tape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { factorOf, factors, sumType, toHalf } from './factors.ts';
import { dense, freeCopy } from '../../tensor/dense.ts';
import { foldParts, reduceAxes } from './reduction.ts';

/** Height and width. */
export type Sides = readonly [number, number];

/** All sizes of a convolution, which its three kernels share. */
export interface Convolution {
  batch: number;
  groups: number;
  /** Channels of one group. */
  channels: number;
  outChannels: number;
  size: Sides;
  outSize: Sides;
  kernel: Sides;
  stride: Sides;
  /** Above and on the left. The padding below and on the right follows from `outSize`. */
  padding: Sides;
  dilation: Sides;
}

// A convolution y = conv(x, w) is linear in x and in w, and so are its two gradients X(g, w) and W(g, x). All three
// belong to one trilinear form ⟨g, conv(x, w)⟩ = ⟨X(g, w), x⟩ = ⟨W(g, x), w⟩. The derivative of each therefore consists
// of the other two, and gradients of any order exist.

/**
 * The convolution of x [batch, groups·channels, …size] with w [groups·outChannels, channels, …kernel], plus bias,
 * optionally followed by relu.
 *
 * @returns [batch, groups·outChannels, …outSize]
 */
export function convolve(
  x: Tensor,
  w: Tensor,
  bias: Tensor | undefined,
  sizes: Convolution,
  relu: boolean = false,
): Tensor {
  return scope(() => {
    const pair = factors(x, w);
    const inputs = bias ? [x, w, bias] : [x, w];
    const out = forward(...pair, bias, sizes, relu);
    const saved = relu ? [...pair, out] : pair;
    const into = (
      [, weightHome, biasHome]: Homes,
      gradient: Tensor,
      input: Tensor,
      weight: Tensor,
      output: Tensor,
    ): Gradients => {
      const g = relu ? gradient.reluGradient(output) : gradient;
      const factor = input.dtype === 'float16' ? toHalf(g) : g;
      return [
        () => inputGradient(factor, weight, sizes),
        () => weightGradient(factor, input, sizes, weightHome),
        () =>
          isGradEnabled() ? g.sum([0, 2, 3]) : reduceAxes('SUM', 'conv2d', g, [0, 2, 3], false, biasHome),
      ];
    };
    return withGradient('conv2d', out, inputs, saved, { into }, { sizes, relu });
  });
}

/** The gradient of `convolve` in x, of x's shape, for a gradient g of its result. */
export function inputGradient(g: Tensor, w: Tensor, sizes: Convolution): Tensor {
  return scope(() => {
    const pair = factors(g, w);
    return withGradient(
      'conv2dInputGradient',
      launchInputGradient(...pair, sizes),
      [g, w],
      pair,
      (u, gradient, weight) => [
        () => convolve(u, weight, undefined, sizes),
        () => weightGradient(gradient, u, sizes),
      ],
      sizes,
    );
  });
}

/** The gradient of `convolve` in w, of w's shape, for a gradient g of its result. */
export function weightGradient(g: Tensor, x: Tensor, sizes: Convolution, home?: Tensor): Tensor {
  return scope(() => {
    const pair = factors(g, x);
    return withGradient(
      'conv2dWeightGradient',
      launchWeightGradient(...pair, sizes, home),
      [g, x],
      pair,
      (u, gradient, input) => [
        () => convolve(input, u, undefined, sizes),
        () => inputGradient(gradient, u, sizes),
      ],
    );
  });
}

function forward(x: Tensor, w: Tensor, bias: Tensor | undefined, sizes: Convolution, relu: boolean): Tensor {
  const out = empty([sizes.batch, sizes.groups * sizes.outChannels, ...sizes.outSize], like(x));
  if (out.numel() === 0) return out;
  withDense([x, w, bias ?? w], ([input, weight, shift]) =>
    x.device.run(
      'conv2d',
      {
        input: input.storage.buffer,
        weight: weight.storage.buffer,
        bias: shift.storage.buffer,
        out: out.storage.buffer,
      },
      {
        ...sizeParams(sizes),
        inputOffset: input.offset,
        weightOffset: weight.offset,
        biasOffset: shift.offset,
      },
      { ...filterOf(sizes), ...factorOf(x.dtype), BIAS: bias !== undefined, RELU: relu },
    ),
  );
  return out;
}

function launchInputGradient(g: Tensor, w: Tensor, sizes: Convolution): Tensor {
  const out = empty([sizes.batch, sizes.groups * sizes.channels, ...sizes.size], like(g));
  if (out.numel() === 0) return out;
  withDense([g, w], ([gradient, weight]) =>
    g.device.run(
      'conv2dInputGradient',
      { gradient: gradient.storage.buffer, weight: weight.storage.buffer, out: out.storage.buffer },
      { ...sizeParams(sizes), gradientOffset: gradient.offset, weightOffset: weight.offset },
      { ...filterOf(sizes), ...factorOf(g.dtype) },
    ),
  );
  return out;
}

/** With fewer sums than this in one launch, cores would be idle if the sums are long. */
const FEW_SUMS = 131_072;
const LEAST_CHUNK = 512;

/** Whether the launch's kernel splits long sums itself, as kernels/wasm/winogradFourWeight.ts does before its last transform. */
function cutsItself({ device }: Tensor, sizes: Convolution): boolean {
  const { channels, outChannels, kernel, stride, dilation } = sizes;
  const every = (sides: Sides, length: number): boolean => sides.every((side) => side === length);
  if (device.name !== 'cpu' || !every(kernel, 3) || !every(dilation, 1)) return false;
  const least = every(stride, 1) ? 32 : every(stride, 2) ? 8 : Infinity;
  return Math.min(channels, outChannels) >= least;
}

function launchWeightGradient(g: Tensor, x: Tensor, sizes: Convolution, home?: Tensor): Tensor {
  const shape = [sizes.groups * sizes.outChannels, sizes.channels, ...sizes.kernel];
  const lines = sizes.batch * sizes.outSize[0];
  if (lines === 0) return zeros(shape, like(g));
  const out = home?.detach() ?? empty(shape, like(g));
  const size = out.numel();
  if (size === 0) return out;
  const terms = lines * sizes.outSize[1];
  const most = cutsItself(g, sizes) ? 1 : Math.floor(FEW_SUMS / size);
  const splits = Math.max(1, Math.min(Math.floor(terms / LEAST_CHUNK), most));
  const chunk = Math.ceil(lines / splits);
  const parts = Math.ceil(lines / chunk);
  const target = parts === 1 ? out : empty([parts, size], like(g));
  withDense([g, x], ([gradient, input]) =>
    g.device.run(
      'conv2dWeightGradient',
      { gradient: gradient.storage.buffer, input: input.storage.buffer, out: target.storage.buffer },
      {
        ...sizeParams(sizes),
        chunk,
        gradientOffset: gradient.offset,
        inputOffset: input.offset,
        outOffset: target.offset,
      },
      { ...filterOf(sizes), ...factorOf(g.dtype) },
    ),
  );
  if (target !== out) foldParts('SUM', target, out);
  return out;
}

/** Runs `launch` with contiguous operands. */
function withDense<T extends readonly Tensor[]>(
  operands: readonly [...T],
  launch: (operands: T) => void,
): void {
  const copies = operands.map(dense);
  launch(copies as unknown as T);
  copies.forEach((copy, index) => freeCopy(copy, operands[index]));
}

/** The dtype and device of a result of such factors. */
function like({ dtype, device }: Tensor): Pick<Tensor, 'dtype' | 'device'> {
  return { dtype: sumType(dtype), device };
}

function sizeParams({ batch, groups, channels, outChannels, size, outSize }: Convolution) {
  const [height, width] = size;
  const [outHeight, outWidth] = outSize;
  return { batch, groups, channels, outChannels, height, width, outHeight, outWidth };
}

function filterOf({ kernel, stride, padding, dilation }: Convolution) {
  return {
    KERNEL_HEIGHT: kernel[0],
    KERNEL_WIDTH: kernel[1],
    STRIDE_Y: stride[0],
    STRIDE_X: stride[1],
    PADDING_Y: padding[0],
    PADDING_X: padding[1],
    DILATION_Y: dilation[0],
    DILATION_X: dilation[1],
  } satisfies Variant<'conv2dInputGradient'>;
}
