import type { Backend } from '../../src/backend/backend.ts';
import { nn, scope, type Tensor, tensor } from '../../src/index.ts';
import { Draw, seed } from './draw.ts';

type Pair = readonly [number, number];

/** A convolution or a pooling with its options, as users call it. */
interface Configuration {
  operation: 'conv2d' | 'maxPool2d' | 'avgPool2d' | 'adaptiveAvgPool2d';
  batch: number;
  /** Channels in one group. Pooling has one group. */
  channels: number;
  groups: number;
  outChannels: number;
  size: Pair;
  kernel: Pair;
  stride: Pair;
  padding: Pair;
  dilation: Pair;
  outSize: Pair;
  bias: boolean;
  relu: boolean;
  ceilMode: boolean;
  countIncludePad: boolean;
  divisorOverride: number | undefined;
  /** Whether the operands begin in the middle of a buffer. */
  shifted: boolean;
  /** Whether some of the input is NaN. */
  hasNaN: boolean;
}

/** What is compared: the result and the gradients, one after the other. */
type Results = Record<string, Float32Array | number[]>;

type Values = Record<'input' | 'weight' | 'bias' | 'gradient', Float32Array>;

/**
 * Configurations in families. Those of a family differ in the sizes that a kernel takes as parameters, so they share
 * the pipelines of a GPU, which take long to compile.
 */
function drawConfiguration(at: number, perFamily: number): Configuration {
  const family = new Draw(Math.floor(at / perFamily) + 2 ** 31);
  const draw = new Draw(at);
  for (;;) {
    const drawn = family.integer(0, 9) < 7 ? drawConvolution(family, draw) : drawPooling(family, draw);
    if (drawn) return drawn;
  }
}

function drawConvolution(family: Draw, draw: Draw): Configuration | undefined {
  const both = <T>(value: () => T): readonly [T, T] => [value(), value()];
  const square = family.of(true, true, false);
  const kernel: Pair = square ? family.of([3, 3], [3, 3], [3, 3], [1, 1]) : both(() => family.integer(1, 5));
  const plain = family.of(true, false);
  const stride: Pair = plain ? [1, 1] : both(() => family.of(1, 2, 3, 4, 7));
  const dilation: Pair = plain ? [1, 1] : both(() => family.of(1, 1, 2, 3));
  const padding = both(() => family.of(0, 1, 1, 2, 4));
  const channels = family.of(1, 2, 3, 5, 8, 9, 12);
  const outChannels = family.of(1, 2, 4, 8, 11, 19);
  const [bias, relu] = [family.of(true, false), family.of(true, false, false)];
  for (let trial = 0; trial < 20; trial++) {
    const size = both(() => draw.of(draw.integer(1, 3), draw.integer(1, 9), draw.integer(8, 20)));
    const outSize = ([0, 1] as const).map((axis) => {
      const extent = dilation[axis] * (kernel[axis] - 1) + 1;
      return Math.floor((size[axis] + 2 * padding[axis] - extent) / stride[axis]) + 1;
    }) as unknown as Pair;
    if (outSize[0] < 1 || outSize[1] < 1) continue;
    return {
      ...{
        operation: 'conv2d',
        batch: draw.integer(1, 3),
        channels,
        groups: draw.of(1, 1, 2, 3),
        outChannels,
      },
      ...{ size, kernel, stride, padding, dilation, outSize, bias, relu, shifted: draw.of(true, false) },
      ...{ ceilMode: false, countIncludePad: true, divisorOverride: undefined, hasNaN: false },
    };
  }
  return undefined;
}

function drawPooling(family: Draw, draw: Draw): Configuration | undefined {
  const operations = ['maxPool2d', 'maxPool2d', 'avgPool2d', 'adaptiveAvgPool2d'] as const;
  const operation = family.of(...operations);
  const both = <T>(value: (axis: 0 | 1) => T): readonly [T, T] => [value(0), value(1)];
  const size = both(() => family.of(family.integer(1, 4), family.integer(3, 17)));
  const halving = family.of(true, false, false);
  const kernel: Pair = halving ? [2, 2] : both(() => family.integer(1, 5));
  const stride: Pair = halving ? [2, 2] : both((axis) => family.of(1, 2, 3, 5, kernel[axis]));
  const padding: Pair = halving ? [0, 0] : both((axis) => family.integer(0, Math.floor(kernel[axis] / 2)));
  const dilated = operation === 'maxPool2d' && !halving;
  const dilation: Pair = dilated ? both(() => family.of(1, 1, 2)) : [1, 1];
  const ceilMode = family.of(true, false);
  const adaptive = operation === 'adaptiveAvgPool2d';
  const outSize = both((axis) => {
    if (adaptive) return family.integer(1, 6);
    const room = size[axis] + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1;
    const count = Math.floor((room + (ceilMode ? stride[axis] - 1 : 0)) / stride[axis]) + 1;
    return ceilMode && (count - 1) * stride[axis] >= size[axis] + padding[axis] ? count - 1 : count;
  });
  const pooling: Configuration = {
    ...{ operation, size, kernel, stride, padding, dilation, outSize, ceilMode, bias: false, relu: false },
    ...{ batch: draw.integer(1, 3), channels: draw.integer(1, 5), groups: 1, outChannels: 1 },
    countIncludePad: family.of(true, false),
    divisorOverride: family.of(undefined, undefined, 3),
    shifted: draw.of(true, false),
    hasNaN: operation === 'maxPool2d' && draw.of(true, false),
  };
  if (outSize[0] < 1 || outSize[1] < 1) return undefined;
  // A window that contains only padding is refused.
  const windows = both((axis) => Array.from({ length: outSize[axis] }, (_, at) => places(pooling, axis, at)));
  return windows.flat().every((each) => each.length > 0) ? pooling : undefined;
}

/** The places of the input along an axis that one window of a pooling reads. */
function places(each: Configuration, axis: 0 | 1, output: number): number[] {
  const [length, outputs] = [each.size[axis], each.outSize[axis]];
  if (each.operation === 'adaptiveAvgPool2d') {
    const first = Math.floor((output * length) / outputs);
    const end = Math.ceil(((output + 1) * length) / outputs);
    return Array.from({ length: end - first }, (_, at) => first + at);
  }
  const start = output * each.stride[axis] - each.padding[axis];
  const all = Array.from({ length: each.kernel[axis] }, (_, at) => start + at * each.dilation[axis]);
  return all.filter((place) => place >= 0 && place < length);
}

/** The divisor's share of an axis: places inside the image, or also those of the padding. */
function divisorOf(each: Configuration, axis: 0 | 1, output: number): number {
  if (each.operation === 'adaptiveAvgPool2d' || !each.countIncludePad)
    return places(each, axis, output).length;
  const start = output * each.stride[axis] - each.padding[axis];
  return Math.min(start + each.kernel[axis], each.size[axis] + each.padding[axis]) - start;
}

function valuesOf(each: Configuration, at: number): Values {
  const draw = new Draw(at + 2 ** 30);
  const [pixels, positions] = [each.size[0] * each.size[1], each.outSize[0] * each.outSize[1]];
  const filters = each.operation === 'conv2d' ? each.groups * each.outChannels : each.channels;
  const input = draw.integers(each.batch * each.groups * each.channels * pixels);
  if (each.hasNaN) for (let nan = 0; nan < 3; nan++) input[draw.integer(0, input.length - 1)] = NaN;
  return {
    input,
    weight: draw.integers(each.groups * each.outChannels * each.channels * each.kernel[0] * each.kernel[1]),
    bias: draw.integers(each.groups * each.outChannels),
    gradient: draw.integers(each.batch * filters * positions),
  };
}

/** The results by their definition, in float64. */
function defined(each: Configuration, values: Values): Results {
  return each.operation === 'conv2d' ? definedConvolution(each, values) : definedPooling(each, values);
}

function definedConvolution(each: Configuration, { input, weight, bias, gradient }: Values): Results {
  const { batch, groups, channels, outChannels, kernel, stride, padding, dilation, outSize } = each;
  const [height, width] = each.size;
  const out = new Array<number>(gradient.length).fill(0);
  const [inputGradient, weightGradient, biasGradient] = [input, weight, bias].map(({ length }) =>
    new Array<number>(length).fill(0),
  ) as [number[], number[], number[]];
  let at = 0;
  for (let image = 0; image < batch; image++) {
    for (let filter = 0; filter < groups * outChannels; filter++) {
      const firstChannel = image * groups * channels + Math.floor(filter / outChannels) * channels;
      for (let y = 0; y < outSize[0]; y++) {
        for (let x = 0; x < outSize[1]; x++, at++) {
          const terms: [pixel: number, factor: number][] = [];
          for (let c = 0; c < channels; c++) {
            for (let i = 0; i < kernel[0]; i++) {
              const row = y * stride[0] + i * dilation[0] - padding[0];
              if (row < 0 || row >= height) continue;
              for (let j = 0; j < kernel[1]; j++) {
                const column = x * stride[1] + j * dilation[1] - padding[1];
                if (column < 0 || column >= width) continue;
                const pixel = ((firstChannel + c) * height + row) * width + column;
                terms.push([pixel, ((filter * channels + c) * kernel[0] + i) * kernel[1] + j]);
              }
            }
          }
          let sum = each.bias ? bias[filter]! : 0;
          for (const [pixel, factor] of terms) sum += input[pixel]! * weight[factor]!;
          out[at] = each.relu ? Math.max(0, sum) : sum;
          const slope = each.relu && sum <= 0 ? 0 : gradient[at]!;
          for (const [pixel, factor] of terms) {
            inputGradient[pixel]! += slope * weight[factor]!;
            weightGradient[factor]! += slope * input[pixel]!;
          }
          biasGradient[filter]! += slope;
        }
      }
    }
  }
  return { out, inputGradient, weightGradient, ...(each.bias ? { biasGradient } : {}) };
}

function definedPooling(each: Configuration, { input, gradient }: Values): Results {
  const [[height, width], [outHeight, outWidth]] = [each.size, each.outSize];
  const out: number[] = [];
  const inputGradient = new Array<number>(input.length).fill(0);
  for (let plane = 0; plane < each.batch * each.channels; plane++) {
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++) {
        const columns = places(each, 1, x);
        const window = places(each, 0, y).flatMap((row) =>
          columns.map((column) => (plane * height + row) * width + column),
        );
        const slope = gradient[out.length]!;
        if (each.operation === 'maxPool2d') {
          const greatest = window.reduce((best, place) =>
            input[place]! > input[best]! || Number.isNaN(input[place]) ? place : best,
          );
          out.push(input[greatest]!);
          inputGradient[greatest]! += slope;
        } else {
          const override = each.operation === 'avgPool2d' ? each.divisorOverride : undefined;
          const divisor = override ?? divisorOf(each, 0, y) * divisorOf(each, 1, x);
          out.push(window.reduce((total, place) => total + input[place]!, 0) / divisor);
          for (const place of window) inputGradient[place]! += slope / divisor;
        }
      }
    }
  }
  return { out, inputGradient };
}

/** The results on a device, through the library's front door. */
async function computed(device: Backend, each: Configuration, values: Values): Promise<Results> {
  const { batch, groups, channels, outChannels, kernel, shifted } = each;
  const operand = (numbers: Float32Array, shape: number[]): Tensor => {
    const start = shifted ? 3 : 0;
    const whole = Float32Array.from(
      { length: start + numbers.length },
      (_, at) => numbers[at - start] ?? NaN,
    );
    const view = tensor(whole, { device }).slice([start, whole.length]).reshape(shape).detach();
    view.requiresGrad = true;
    return view;
  };
  const kept = scope(() => {
    const x = operand(values.input, [batch, groups * channels, ...each.size]);
    const w = operand(values.weight, [groups * outChannels, channels, ...kernel]);
    const b = operand(values.bias, [groups * outChannels]);
    const out = apply(each, x, w, b);
    out.backward(tensor(values.gradient, { device, shape: [...out.shape] }));
    const all: Record<string, Tensor> = { out: out.detach(), inputGradient: x.grad! };
    if (each.operation === 'conv2d') {
      all['weightGradient'] = w.grad!;
      if (each.bias) all['biasGradient'] = b.grad!;
    }
    return Object.entries(all).map(([name, result]) => [name, result.clone()] as const);
  });
  const results: Results = {};
  for (const [name, result] of kept) {
    results[name] = (await result.data()) as Float32Array;
    result.dispose();
  }
  return results;
}

function apply(each: Configuration, x: Tensor, w: Tensor, b: Tensor): Tensor {
  const { operation, kernel, stride, padding, dilation, ceilMode, groups, relu } = each;
  const window = { kernelSize: kernel, stride, padding, ceilMode };
  if (operation === 'maxPool2d') return x.maxPool2d({ ...window, dilation });
  if (operation === 'adaptiveAvgPool2d') return x.adaptiveAvgPool2d(each.outSize);
  if (operation === 'avgPool2d') {
    const { countIncludePad, divisorOverride } = each;
    return x.avgPool2d({
      ...{ ...window, countIncludePad },
      ...(divisorOverride === undefined ? {} : { divisorOverride }),
    });
  }
  return nn.functional.conv2d(x, w, each.bias ? b : undefined, {
    ...{ stride, padding, dilation, groups },
    ...(relu ? { activation: 'relu' } : {}),
  });
}

/** Sums are exact. Means are rounded, and a GPU's division is not the nearest number. */
const TOLERANCE = 4e-6;

/** What differs from the definition, in words that suffice to compute it again; undefined if nothing does. */
export async function differences(
  device: Backend,
  at: number,
  perFamily: number = 1,
): Promise<string | undefined> {
  const each = drawConfiguration(at, perFamily);
  const values = valuesOf(each, at);
  const expected = defined(each, values);
  const where = `WGRAD_TEST_SEED=${seed}, configuration ${at}, ${JSON.stringify(each)}`;
  let found: Results;
  try {
    found = await computed(device, each, values);
  } catch (error) {
    return `${where}: ${String(error)}`;
  }
  const tolerance = each.operation.includes('vg') ? TOLERANCE : 0;
  for (const [name, numbers] of Object.entries(expected)) {
    const got = found[name];
    if (got?.length !== numbers.length) return `${where}: ${name} has ${got?.length} numbers`;
    for (let index = 0; index < numbers.length; index++) {
      const [value, wanted] = [got[index]!, numbers[index]!];
      const alike = Math.abs(value - wanted) <= tolerance || (Number.isNaN(value) && Number.isNaN(wanted));
      if (!alike) return `${where}: ${name}[${index}] is ${value}, expected ${wanted}`;
    }
  }
  return undefined;
}
