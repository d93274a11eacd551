import { batchNorm } from '../../../../ops/batchNorm.ts';
import { conv2d } from '../../../../ops/conv2d.ts';
import { convTranspose2d } from '../../../../ops/convTranspose2d.ts';
import { ones as onesOf } from '../../../../tensor/create.ts';
import { dropout } from '../../../../ops/dropout.ts';
import { groupNorm, instanceNorm } from '../../../../ops/groupNorm.ts';
import { layerNorm } from '../../../../ops/layerNorm.ts';
import { linear } from '../../../../ops/linear.ts';
import type { Tensor } from '../../../../tensor/tensor.ts';
import { OnnxError } from '../../error.ts';
import type { Call, Operator, Operators } from '../call.ts';
import { checkProduct, checkSize } from '../sizes.ts';

type Both = [number, number];

/** Two sizes of windows over images; sequences are images of height 1. */
const both = (given: readonly number[] | undefined, rank: number, otherwise: number, first: number): Both => {
  const sizes = given ?? new Array<number>(rank).fill(otherwise);
  if (sizes.length !== rank)
    throw new OnnxError(`takes ${rank} sizes for each attribute, got [${sizes.join(', ')}]`);
  return rank === 1 ? [first, sizes[0]!] : [sizes[0]!, sizes[1]!];
};

/** How windows lie over images. */
interface Windows {
  readonly x: Tensor;
  readonly kernel: Both;
  readonly stride: Both;
  readonly dilation: Both;
  /** Above, on the left; below, on the right. */
  readonly before: Both;
  readonly after: Both;
  /** Gives a result the rank of the input. */
  readonly back: (out: Tensor) => Tensor;
}

function windowsOf(call: Call, kernelShape: readonly number[] | undefined): Windows {
  const x = call.tensor(0);
  const rank = x.ndim - 2;
  if (rank !== 1 && rank !== 2) {
    throw new OnnxError(`takes images [N, C, H, W] or sequences [N, C, L], got ${x.ndim} dims`);
  }
  const kernel = both(call.ints('kernel_shape') ?? kernelShape, rank, 1, 1);
  const stride = both(call.ints('strides'), rank, 1, 1);
  const dilation = both(call.ints('dilations'), rank, 1, 1);
  const images = rank === 1 ? x.unsqueeze(-2) : x;
  const back = (out: Tensor): Tensor => (rank === 1 ? out.squeeze(-2) : out);
  const auto = call.word('auto_pad', ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'], 'NOTSET');
  if (auto.startsWith('SAME')) {
    const sides = ([0, 1] as const).map((axis) => {
      const length = images.shape[2 + axis]!;
      const reach =
        (Math.ceil(length / stride[axis]) - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1;
      const all = Math.max(0, reach - length);
      const less = Math.floor(all / 2);
      return auto === 'SAME_UPPER' ? [less, all - less] : [all - less, less];
    });
    const side = (at: number): Both => [sides[0]![at]!, sides[1]![at]!];
    return { x: images, kernel, stride, dilation, before: side(0), after: side(1), back };
  }
  const pads = call.ints('pads');
  const before = both(auto === 'VALID' ? undefined : pads?.slice(0, rank), rank, 0, 0);
  const after = both(auto === 'VALID' ? undefined : pads?.slice(rank), rank, 0, 0);
  return { x: images, kernel, stride, dilation, before, after, back };
}

/** The input with the padding that the operation itself cannot add, and the padding that it can. */
function padded({ x, before, after }: Windows, value: number, most?: Both): { x: Tensor; padding: Both } {
  const even = before.every((each, axis) => each === after[axis] && each <= (most?.[axis] ?? Infinity));
  if (even) return { x, padding: before };
  const sides = [before[1], after[1], before[0], after[0]];
  checkSize(x.shape.map((size, axis) => size + (axis < 2 ? 0 : before[axis - 2]! + after[axis - 2]!)));
  return { x: x.pad(sides, { value }), padding: [0, 0] };
}

const conv: Operator = (call) => {
  const weight = call.tensor(1);
  const windows = windowsOf(call, weight.shape.slice(2));
  const { x, padding } = padded(windows, 0);
  const { stride, dilation, back } = windows;
  const filters = weight.ndim === 3 ? weight.unsqueeze(-2) : weight;
  const options = { stride, padding, dilation, groups: call.int('group', 1) };
  return back(conv2d(x, filters, call.optionalTensor(2), options));
};

const convTranspose: Operator = (call) => {
  const weight = call.tensor(1);
  const { x, kernel, stride, dilation, before, after, back } = windowsOf(call, weight.shape.slice(2));
  if (call.has('output_shape'))
    throw new OnnxError('output_shape is not supported; pads and output_padding are');
  if (call.text('auto_pad', 'NOTSET').startsWith('SAME'))
    throw new OnnxError('auto_pad SAME is not supported');
  const extra = both(call.ints('output_padding'), x === call.tensor(0) ? 2 : 1, 0, 0);
  const filters = weight.ndim === 3 ? weight.unsqueeze(-2) : weight;
  const sizes = ([0, 1] as const).map(
    (axis) => (x.shape[2 + axis]! - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1 + extra[axis],
  );
  checkSize([x.shape[0]!, filters.shape[1]! * call.int('group', 1), ...sizes]);
  const whole = convTranspose2d(x, filters, call.optionalTensor(2), {
    stride,
    dilation,
    groups: call.int('group', 1),
    outputPadding: extra,
  });
  return back(whole.slice(null, null, [before[0], sizes[0]! - after[0]], [before[1], sizes[1]! - after[1]]));
};

const half = ([height, width]: Both): Both => [Math.floor(height / 2), Math.floor(width / 2)];

const maxPool: Operator = (call) => {
  if (call.node.outputs.filter((each) => each !== '').length > 1)
    throw new OnnxError('positions are not supported');
  const windows = windowsOf(call, undefined);
  const { kernel: kernelSize, stride, dilation, back } = windows;
  const { x, padding } = padded(windows, -Infinity, half(kernelSize));
  return back(
    x.maxPool2d({ kernelSize, stride, padding, dilation, ceilMode: call.int('ceil_mode', 0) !== 0 }),
  );
};

const averagePool: Operator = (call) => {
  const windows = windowsOf(call, undefined);
  const { kernel: kernelSize, stride, dilation, back } = windows;
  if (dilation.some((each) => each !== 1)) throw new OnnxError('dilations are not supported');
  const counted = call.int('count_include_pad', 0) !== 0;
  const ceilMode = call.int('ceil_mode', 0) !== 0;
  const { x, padding } = padded(windows, 0, half(kernelSize));
  const options = { kernelSize, stride, padding, ceilMode };
  const mean = x.avgPool2d({ ...options, countIncludePad: counted });
  if (counted || x === windows.x) return back(mean);
  // Padding that was added before does not count: the means of ones are the parts of windows that are inside.
  const { shape, dtype, device } = windows.x;
  const ones = padded(
    { ...windows, x: onesOf([1, 1, shape[2]!, shape[3]!], { dtype, device }) },
    0,
    half(kernelSize),
  );
  return back(mean.div(ones.x.avgPool2d({ ...options, countIncludePad: false })));
};

const batchNormOperator: Operator = (call) => {
  const [x, weight, bias, mean, variance] = [0, 1, 2, 3, 4].map((index) => call.tensor(index)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  return batchNorm(x, mean, variance, {
    weight,
    bias,
    eps: call.float('epsilon', 1e-5),
    // ONNX's is the weight of the statistics so far.
    momentum: 1 - call.float('momentum', 0.9),
    training: call.training,
  });
};

const layerNormOperator: Operator = (call) => {
  const x = call.tensor(0);
  const axis = call.axis(call.int('axis', -1));
  const shape = x.shape.slice(axis);
  const fitted = (each: Tensor | undefined): Tensor | undefined => each?.expand(shape).reshape(shape);
  return layerNorm(x, shape, {
    weight: fitted(call.tensor(1)),
    bias: fitted(call.optionalTensor(2)),
    eps: call.float('epsilon', 1e-5),
  });
};

function matmul(left: Tensor, right: Tensor): Tensor {
  checkProduct(left.shape, right.shape);
  return left.matmul(right);
}

const gemm: Operator = (call) => {
  const [a, b, c] = [call.tensor(0), call.tensor(1), call.optionalTensor(2)];
  const left = call.int('transA', 0) === 0 ? a : a.t();
  const [alpha, beta] = [call.float('alpha', 1), call.float('beta', 1)];
  const isLinear = call.int('transB', 0) !== 0 && alpha === 1 && beta === 1 && (!c || c.ndim === 1);
  if (isLinear) {
    checkProduct(left.shape, b.t().shape);
    return linear(left, b, c);
  }
  const product = matmul(left, call.int('transB', 0) === 0 ? b : b.t());
  const scaled = alpha === 1 ? product : product.mul(alpha);
  return c ? scaled.add(beta === 1 ? c : c.mul(beta)) : scaled;
};

const dropoutOperator: Operator = (call) => {
  if (call.node.outputs.filter((each) => each !== '').length > 1)
    throw new OnnxError('the mask is not supported');
  const p = call.opset < 12 ? call.float('ratio', 0.5) : (call.optionalNumbers(1)?.[0] ?? 0.5);
  return dropout(call.tensor(0), { p, training: call.training });
};

/** [left, right, top, …] from ONNX's pads: all starts, then all ends. */
const padOperator: Operator = (call) => {
  const x = call.tensor(0);
  const mode = call.word('mode', ['constant', 'reflect', 'edge', 'wrap'], 'constant');
  const pads = call.opset < 11 ? (call.ints('pads') ?? []) : call.numbers(1);
  const axes = call.optionalNumbers(3)?.map((axis) => call.axis(axis)) ?? x.shape.map((_, axis) => axis);
  const amounts = new Array<number>(2 * x.ndim).fill(0);
  for (const [at, axis] of axes.entries()) {
    amounts[2 * (x.ndim - 1 - axis)] = pads[at] ?? 0;
    amounts[2 * (x.ndim - 1 - axis) + 1] = pads[axes.length + at] ?? 0;
  }
  checkSize(
    x.shape.map(
      (size, axis) => size + amounts[2 * (x.ndim - 1 - axis)]! + amounts[2 * (x.ndim - 1 - axis) + 1]!,
    ),
  );
  const value = call.opset < 11 ? call.float('value', 0) : (call.optionalNumbers(2)?.[0] ?? 0);
  const modes = { constant: 'constant', reflect: 'reflect', edge: 'replicate', wrap: 'circular' } as const;
  return x.pad(amounts, { mode: modes[mode as keyof typeof modes], value });
};

const spatial = (x: Tensor): number[] => x.shape.map((_, axis) => axis).slice(2);

export const layers: Operators = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: (call) => call.tensor(0).mean(spatial(call.tensor(0)), true),
  GlobalMaxPool: (call) => call.tensor(0).amax(spatial(call.tensor(0)), true),
  BatchNormalization: batchNormOperator,
  LayerNormalization: layerNormOperator,
  InstanceNormalization: (call) =>
    instanceNorm(call.tensor(0), {
      weight: call.tensor(1),
      bias: call.tensor(2),
      eps: call.float('epsilon', 1e-5),
    }),
  GroupNormalization: (call) => {
    if (call.opset < 21)
      throw new OnnxError('takes opset 21 or later, where scale and bias are of the channels');
    const options = { weight: call.tensor(1), bias: call.tensor(2), eps: call.float('epsilon', 1e-5) };
    return groupNorm(call.tensor(0), call.int('num_groups'), options);
  },
  Gemm: gemm,
  MatMul: (call) => matmul(call.tensor(0), call.tensor(1)),
  Dropout: dropoutOperator,
  Pad: padOperator,
};
