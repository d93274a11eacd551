import type { Division } from '../../../../ops/support/averageWindows.ts';
import type { Convolution } from '../../../../ops/support/convolution.ts';
import type { Axis, Windows } from '../../../../ops/support/pooling.ts';
import type { Attributes } from '../../model.ts';
import { type Dim, float, type Graph, int, ints } from '../graph.ts';
import type { Step, Value } from '../trace.ts';
import type { Rule, Rules } from './rule.ts';

const names = (graph: Graph, values: readonly Value[]): string[] => values.map((each) => graph.nameOf(each));

/** [above, left, below, right] for two axes. */
const sides = (axes: readonly { padding: number; end: number }[]): number[] => [
  ...axes.map(({ padding }) => padding),
  ...axes.map(({ end }) => end),
];

/** The padding at the end with which windows end in the last output: that at the start, if it gives as many. */
function endOf({ length, outputs, window, stride, padding, dilation }: Axis): number {
  const reach = dilation * (window - 1) + 1;
  const fits = Math.floor((length + 2 * padding - reach) / stride) + 1 === outputs;
  return fits ? padding : Math.max(0, (outputs - 1) * stride + reach - length - padding);
}

const conv: Rule = (graph, step) => {
  const { sizes, relu } = step.facts as { sizes: Convolution; relu: boolean };
  const axes = ([0, 1] as const).map((at) => {
    const axis = {
      length: sizes.size[at],
      outputs: sizes.outSize[at],
      window: sizes.kernel[at],
      stride: sizes.stride[at],
      padding: sizes.padding[at],
      dilation: sizes.dilation[at],
    };
    return { ...axis, end: endOf(axis) };
  });
  const out = graph.node('Conv', names(graph, step.inputs), { ...strided(sizes), pads: ints(sides(axes)) });
  return relu ? graph.node('Relu', [out]) : out;
};

const strided = ({ kernel, stride, dilation, groups }: Convolution): Attributes => ({
  kernel_shape: ints(kernel),
  strides: ints(stride),
  dilations: ints(dilation),
  group: int(groups),
});

/** The gradient of a convolution in its input is a transposed convolution. */
const convTranspose: Rule = (graph, step) => {
  const sizes = step.facts as Convolution;
  const axes = ([0, 1] as const).map((at) => {
    const whole =
      sizes.stride[at] * (sizes.outSize[at] - 1) + sizes.dilation[at] * (sizes.kernel[at] - 1) + 1;
    const rest = whole - sizes.padding[at] - sizes.size[at];
    return { padding: sizes.padding[at], end: Math.max(0, rest), more: Math.max(0, -rest) };
  });
  return graph.node('ConvTranspose', names(graph, step.inputs), {
    ...strided(sizes),
    pads: ints(sides(axes)),
    output_padding: ints(axes.map(({ more }) => more)),
  });
};

/** Runs `body` on a batch of images, and gives one image back as one. */
function onImages(graph: Graph, { inputs: [x], output }: Step, body: (x: string) => string): string {
  const name = graph.nameOf(x!);
  if (x!.shape.length === 4) return body(name);
  const batch: Dim[] = [1, ...graph.dimsOf(x!)];
  return graph.reshape(body(graph.reshape(name, batch)), graph.dimsOf(output));
}

const windowAttributes = (axes: readonly Axis[], ends: readonly number[]): Attributes => ({
  kernel_shape: ints(axes.map(({ window }) => window)),
  strides: ints(axes.map(({ stride }) => stride)),
  pads: ints(sides(axes.map(({ padding }, at) => ({ padding, end: ends[at]! })))),
});

const maxPool: Rule = (graph, step) => {
  const { y, x } = step.facts as Windows;
  const axes = [y, x];
  return onImages(graph, step, (input) =>
    graph.node('MaxPool', [input], {
      ...windowAttributes(axes, axes.map(endOf)),
      dilations: ints(axes.map(({ dilation }) => dilation)),
    }),
  );
};

const averagePool: Rule = (graph, step) => {
  const { windows, division } = step.facts as { windows: Windows; division: Division };
  const axes = [windows.y, windows.x];
  if (division.adaptive) return onImages(graph, step, (input) => averagedParts(graph, input, axes, step));
  const counted = division.countIncludePad ?? true;
  const ends = axes.map(endOf);
  const isCeil = axes.some(({ padding }, at) => ends[at] !== padding);
  return onImages(graph, step, (input) => {
    const divisor = division.divisor ?? 0;
    const mean = graph.node('AveragePool', [input], {
      // The part of a window beyond the padding does not count, which only ceil mode says.
      ...windowAttributes(axes, isCeil && counted ? axes.map(({ padding }) => padding) : ends),
      ...(isCeil && counted && { ceil_mode: int(1) }),
      count_include_pad: int(Number(counted || divisor !== 0)),
    });
    if (divisor === 0) return mean;
    const places = axes.reduce((product, { window }) => product * window, 1);
    const type = step.output.dtype === 'float64' ? 'float64' : 'float32';
    return graph.node('Mul', [mean, graph.number(places / divisor, type)]);
  });
};

/** Parts of different sizes: products with a matrix of means for each axis. */
function averagedParts(graph: Graph, x: string, [y, across]: readonly Axis[], { output }: Step): string {
  const means = ({ length, outputs }: Axis, transposed: boolean): string => {
    const values = new Array<number>(length * outputs).fill(0);
    for (let part = 0; part < outputs; part++) {
      const [start, end] = [
        Math.floor((part * length) / outputs),
        Math.ceil(((part + 1) * length) / outputs),
      ];
      for (let at = start; at < end; at++)
        values[transposed ? at * outputs + part : part * length + at] = 1 / (end - start);
    }
    return graph.floats(transposed ? [length, outputs] : [outputs, length], values, output.dtype);
  };
  return graph.node('MatMul', [means(y!, false), graph.node('MatMul', [x, means(across!, true)])]);
}

interface Normalisation {
  readonly eps: number;
  readonly weight?: Value | undefined;
  readonly bias?: Value | undefined;
}

const batchNorm: Rule = (graph, step) => {
  const [x] = step.inputs;
  const { eps, weight, bias, mean, variance } = step.facts as Normalisation & {
    mean?: Value;
    variance?: Value;
  };
  const channels = x!.shape[1]!;
  const all = (value: number): string =>
    graph.floats([channels], new Array<number>(channels).fill(value), x!.dtype);
  const scale = weight ? graph.nameOf(weight) : all(1);
  const shift = bias ? graph.nameOf(bias) : all(0);
  if (mean && variance) {
    const operands = [graph.nameOf(x!), scale, shift, graph.nameOf(mean), graph.nameOf(variance)];
    return graph.node('BatchNormalization', operands, { epsilon: float(eps) });
  }
  const dims = x!.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const along = (name: string): string => graph.reshape(name, [channels, ...dims.slice(1).map(() => 1)]);
  const normal = standardised(graph, graph.nameOf(x!), dims, eps, x!);
  return graph.node('Add', [graph.node('Mul', [normal, along(scale)]), along(shift)]);
};

/** (x - mean) / √(var + eps) with the statistics over some axes. */
function standardised(
  graph: Graph,
  x: string,
  axes: readonly number[],
  eps: number,
  { dtype }: Value,
): string {
  const centred = graph.node('Sub', [x, mean(graph, x, axes)]);
  const variance = mean(graph, graph.node('Mul', [centred, centred]), axes);
  const type = dtype === 'float64' ? 'float64' : 'float32';
  return graph.node('Div', [
    centred,
    graph.node('Sqrt', [graph.node('Add', [variance, graph.number(eps, type)])]),
  ]);
}

function mean(graph: Graph, x: string, axes: readonly number[]): string {
  if (graph.opset >= 18) return graph.node('ReduceMean', [x, graph.ints(axes)], { keepdims: int(1) });
  return graph.node('ReduceMean', [x], { axes: ints(axes), keepdims: int(1) });
}

const layerNorm: Rule = (graph, step) => {
  const [x] = step.inputs;
  const { dims, eps, weight, bias } = step.facts as Normalisation & { dims: number };
  const axis = x!.shape.length - dims;
  const sizes = x!.shape.slice(axis);
  const name = graph.nameOf(x!);
  if (graph.opset >= 17) {
    const count = sizes.reduce((product, size) => product * size, 1);
    const scale = weight
      ? graph.nameOf(weight)
      : graph.floats(sizes, new Array<number>(count).fill(1), x!.dtype);
    return graph.node('LayerNormalization', [name, scale, bias && graph.nameOf(bias)], {
      axis: int(axis),
      epsilon: float(eps),
    });
  }
  const axes = sizes.map((_, at) => axis + at);
  const normal = standardised(graph, name, axes, eps, x!);
  const scaled = weight ? graph.node('Mul', [normal, graph.nameOf(weight)]) : normal;
  return bias ? graph.node('Add', [scaled, graph.nameOf(bias)]) : scaled;
};

export const layers: Rules = {
  conv2d: conv,
  conv2dInputGradient: convTranspose,
  maxPool2d: maxPool,
  avgPool2d: averagePool,
  adaptiveAvgPool2d: averagePool,
  batchNorm,
  layerNorm,
  linear: (graph, step) => {
    const out = graph.node('Gemm', names(graph, step.inputs), { transB: int(1) });
    return step.facts === true ? graph.node('Relu', [out]) : out;
  },
  matmul: (graph, step) => graph.node('MatMul', names(graph, step.inputs)),
};
