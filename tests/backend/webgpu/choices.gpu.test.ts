import { describe, expect, test } from 'vitest';
import type { Backend, DeviceBuffer, Params } from '../../../src/backend/backend.ts';
import { philox4x32 } from '../../../src/backend/philox.ts';
import { type Block, large, shared, SMALL_BLOCK } from '../../../src/backend/webgpu/tuning/blocks.ts';
import { candidates, canRun } from '../../../src/pipeline/diagnostics/tuning/candidates.ts';
import { choiceText, type Tile, traitsOf } from '../../../src/backend/webgpu/tuning/choice.ts';
import { shapeClass } from '../../../src/backend/webgpu/tuning/shapeClass.ts';
import { open } from '../../../src/index.ts';
import {
  type ConvolutionCase,
  convolutionCases,
  convolveOn,
  definition,
  operandsOf,
} from '../convolution.ts';
import { EVERY_PIPELINE } from '../../runtimes/share.ts';
import { openOwn } from './devices.ts';
import { profileRequests } from '../../../src/diagnostics/profiling/profile.ts';

interface Product {
  name: string;
  params: Params<'matmul'>;
  /** Elements of the operands. */
  sizes: readonly [number, number];
  /** Whether bias and relu follow, on operands that are not all finite. */
  fused?: boolean;
}

/** `N` as it is multiplied, `T` stored as the transpose; `rest` replaces what is given. */
function product(
  name: string,
  [m, n, k]: readonly [number, number, number],
  layouts: 'NN' | 'NT' | 'TN' | 'TT',
  rest: Partial<Params<'matmul'>> = {},
  sizes?: readonly [number, number],
): Product {
  const [aRowStride, aColumnStride] = layouts[0] === 'N' ? [k, 1] : [1, m];
  const [bRowStride, bColumnStride] = layouts[1] === 'N' ? [n, 1] : [1, k];
  const a = { aOffset: 8, aBatchStride: m * k, aRowStride, aColumnStride };
  const b = { bOffset: 4, bBatchStride: k * n, bRowStride, bColumnStride };
  const shape = { m, n, k, batch: 1, chunk: Math.max(1, k), biasOffset: 3, outOffset: 5 };
  const params = { ...shape, ...a, ...b, ...rest };
  return {
    name,
    params,
    sizes: sizes ?? [params.aOffset + params.batch * m * k, params.bOffset + params.batch * k * n],
  };
}

const layouts = ['NN', 'NT', 'TN', 'TT'] as const;
const products: readonly Product[] = [
  // An epilogue is a pipeline of its own, so one product has it.
  { ...product('ragged NN, fused', [70, 131, 37], 'NN'), fused: true },
  ...layouts.map((each) => product(`ragged ${each}`, [70, 131, 37], each)),
  ...layouts.map((each) => product(`in words ${each}`, [68, 132, 44], each)),
  product('sums of several rounds', [35, 40, 300], 'NT'),
  product('one number', [1, 1, 1], 'NN'),
  product('no steps', [5, 4, 0], 'NN'),
  product('batches, one operand shared', [9, 33, 20], 'NN', { batch: 3, bBatchStride: 0 }),
  product('splits in words, the last shorter', [12, 8, 60], 'TN', { chunk: 24 }),
  product('splits that divide nothing', [12, 8, 60], 'NT', { chunk: 23 }),
  product(
    'a flipped, b with gaps and an offset',
    [10, 6, 9],
    'NN',
    {
      aOffset: 89,
      aRowStride: -9,
      aColumnStride: -1,
      bOffset: 2,
      bRowStride: 17,
      bColumnStride: 2,
    },
    [90, 200],
  ),
];

function numbers(stream: number, size: number): Float32Array {
  return Float32Array.from(
    { length: size },
    (_, at) => philox4x32([at, stream, 0, 0], [3, 4])[0] / 2 ** 31 - 1,
  );
}

const NOT_FINITE = [NaN, Infinity, -Infinity];

async function multiplyOn(device: Backend, { params, sizes, fused = false }: Product): Promise<number[]> {
  const { m, n, k, batch, chunk, outOffset, biasOffset } = params;
  const upload = (stream: number, size: number, placeOf?: (index: number) => number): DeviceBuffer => {
    const values = numbers(stream, Math.max(1, size));
    if (fused && placeOf) NOT_FINITE.forEach((value, index) => (values[placeOf(index)] = value));
    const buffer = device.allocate('float32', values.length);
    device.write(buffer, values);
    return buffer;
  };
  const buffers = {
    // Rows 1 to 3, and columns 2 to 4.
    a: upload(1, sizes[0], (index) => (index + 1) * k),
    b: upload(2, sizes[1]),
    bias: upload(3, biasOffset + n, (index) => biasOffset + 2 + index),
    // What lies around the result has to stay as it is.
    out: upload(7, outOffset + Math.max(1, Math.ceil(k / chunk)) * batch * m * n + 1),
  };
  const { out } = buffers;
  device.run('matmul', buffers, params, { BIAS: fused, RELU: fused });
  const values = await device.read(out, 0, out.length);
  for (const buffer of Object.values(buffers)) device.release(buffer);
  return [...values];
}

/** The largest difference; NaN and infinities are 0 from themselves. */
function farthest(found: readonly number[], expected: readonly number[]): number {
  return expected.reduce(
    (most, value, at) => (Object.is(found[at], value) ? most : Math.max(most, Math.abs(found[at]! - value))),
    0,
  );
}

/** All blocks through workgroup memory, and the register tiles of GPUs at their widest; each takes seconds to compile. */
const widest = candidates('matmul', {
  software: false,
  subgroup: 8,
  memory: 32_768,
  invocations: 256,
}).filter(({ kernel, tile }) => kernel === 'matmulWorkgroup' || isWidest(tile));
/** Those whose sums are written out, for subgroups of four lanes. */
const narrow = candidates('matmul', { software: true, subgroup: 4, memory: 0, invocations: 256 }).filter(
  ({ kernel }) => kernel === 'matmulSubgroup',
);
const choices = [...widest, ...narrow]
  .filter((_, index) => index % EVERY_PIPELINE === 0)
  .map((choice) => [choiceText(choice), choice] as const);

function isWidest({ TILE_ROWS, WORKGROUP_SIZE }: Tile): boolean {
  return TILE_ROWS === 16 && WORKGROUP_SIZE === 64;
}

describe('every kernel and tile of matmul computes what the CPU does', () => {
  // SwiftShader takes ten seconds a pipeline.
  test.for(choices)('%s', { timeout: 240_000 }, async ([, choice], context) => {
    const { backend } = await openOwn(context);
    if (!canRun('matmul', choice, traitsOf(backend.info))) return context.skip('not on this device');
    const reference = await open('cpu', { reference: true });
    for (const each of products) {
      const { fused = false } = each;
      backend.tuning.set(shapeClass('matmul', each.params, { BIAS: fused, RELU: fused }), choice);
      const expected = await multiplyOn(reference, each);
      const found = await multiplyOn(backend, each);
      expect([each.name, farthest(found, expected) < 1e-5]).toEqual([each.name, true]);
    }
  });
});

const caseOf = (name: string): ConvolutionCase => convolutionCases.find((each) => each.name === name)!;
const [asymmetric, depthwise] = [caseOf('asymmetric in all'), caseOf('depthwise, in one chunk')];
/** More rows and columns than a small block has, in two groups, with all that a filter can have. */
const ragged: ConvolutionCase = {
  ...asymmetric,
  params: { ...asymmetric.params, channels: 33, outChannels: 35 },
};

/** Every line is three pipelines to compile, of several seconds each; the other blocks are tried with matmul. */
const convolutions: readonly (readonly [string, ConvolutionCase, Block])[] = [
  ['ragged, in small blocks', ragged, SMALL_BLOCK],
  ['ragged, in large blocks', ragged, large[0]!],
  ['ragged, by several teams', ragged, shared[0]],
  ['depthwise, by several teams', depthwise, shared[1]],
];

describe('convolutions through workgroup memory compute what is defined', () => {
  test.for(convolutions)('%s', { timeout: 240_000 }, async ([, each, block], context) => {
    const { backend } = await openOwn(context);
    const tile = { ...block };
    if (!canRun('conv2d', { kernel: 'conv2dWorkgroup', tile }, traitsOf(backend.info))) {
      return context.skip('not on this device');
    }
    for (const operation of ['conv2d', 'conv2dInputGradient', 'conv2dWeightGradient'] as const) {
      const shape = shapeClass(operation, each.params, each.filter);
      backend.tuning.set(shape, { kernel: `${operation}Workgroup`, tile });
    }
    const profile = profileRequests(backend);
    const operands = operandsOf(each);
    const found = await convolveOn(backend, each, operands, { BIAS: true, RELU: true });
    const { launches } = await profile.stop();
    expect(launches.map(({ request }) => request.kernel)).toEqual([
      'conv2dWorkgroup',
      'conv2dInputGradientWorkgroup',
      'conv2dWeightGradientWorkgroup',
    ]);
    const expected = definition(each, operands);
    const positive = expected.forward.map((value) => Math.max(0, value));
    expect(farthest([...found.forward], positive)).toBeLessThan(1e-5);
    expect(farthest([...found.inputGradient], expected.inputGradient)).toBeLessThan(1e-5);
    expect(farthest([...found.weightGradient], expected.weightGradient)).toBeLessThan(1e-5);
  });
});
