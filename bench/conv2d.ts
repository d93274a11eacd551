/**
 * Rates of a convolution and its two gradients, each beside the matrix product of its sizes, which is what an unfolded
 * image would have to be multiplied by: the ratio says what folding the unfolding into the kernel costs, or saves.
 * Filters are 3 × 3, padded by 1, stride 1, for a batch of 64.
 *
 *   npx tsx bench/conv2d.ts [webgpu|cpu]
 */
import { type DeviceName, init, rand, scope, type Tensor } from '../src/index.ts';
import { type Convolution, convolve, inputGradient, weightGradient } from '../src/ops/convolution.ts';
import { measure } from './measure.ts';

const BATCH = 64;
const SIDE = 3;
/** Channels in and out, and the side of the image. */
const SHAPES = [
  [1, 32, 28],
  [32, 64, 14],
  [64, 64, 14],
  [64, 64, 7],
  [128, 128, 7],
] as const;
/** Rounds in which every body is timed once, so that what disturbs the machine disturbs all. */
const ROUNDS = 12;

interface Contest {
  name: string;
  convolution: () => Tensor;
  product: () => Tensor;
}

function contests(channels: number, outChannels: number, side: number): Contest[] {
  const size = [side, side] as const;
  const sizes: Convolution = {
    batch: BATCH,
    groups: 1,
    channels,
    outChannels,
    size,
    outSize: size,
    kernel: [SIDE, SIDE],
    stride: [1, 1],
    padding: [1, 1],
    dilation: [1, 1],
  };
  const positions = BATCH * side * side;
  const depth = channels * SIDE * SIDE;
  const x = rand([BATCH, channels, side, side]);
  const w = rand([outChannels, channels, SIDE, SIDE]);
  const g = rand([BATCH, outChannels, side, side]);
  const unfolded = rand([depth, positions]);
  const filters = w.reshape([outChannels, depth]);
  const slopes = g.reshape([outChannels, positions]);
  return [
    {
      name: 'forward',
      convolution: () => convolve(x, w, undefined, sizes),
      product: () => filters.matmul(unfolded),
    },
    {
      name: 'input gradient',
      convolution: () => inputGradient(g, w, sizes),
      product: () => filters.t().matmul(slopes),
    },
    {
      name: 'weight gradient',
      convolution: () => weightGradient(g, x, sizes),
      product: () => slopes.matmul(unfolded.t()),
    },
  ];
}

const device = await init((process.argv[2] ?? 'webgpu') as DeviceName);
console.log(device.description);

/** The least milliseconds until the device has finished. */
async function time(bodies: readonly (() => Tensor)[]): Promise<number[]> {
  const best = bodies.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, body] of bodies.entries()) {
      const { total } = await measure(() => scope(() => void body()), {
        calls: 1,
        settle: () => device.synchronize(),
        repetitions: 1,
      });
      best[index] = Math.min(best[index]!, total / 1000);
    }
  }
  return best;
}

for (const [channels, outChannels, side] of SHAPES) {
  const positions = BATCH * side * side;
  const flops = 2 * outChannels * channels * SIDE * SIDE * positions;
  const bytes = 4 * ((channels + outChannels) * positions + outChannels * channels * SIDE * SIDE);
  console.log(
    `\n[${BATCH}, ${channels}, ${side}, ${side}] → [${BATCH}, ${outChannels}, ${side}, ${side}]: ` +
      `${(flops / 1e6).toFixed(0)} MFLOP, ${(bytes / 1e6).toFixed(1)} MB at least`,
  );
  for (const { name, convolution, product } of contests(channels, outChannels, side)) {
    const [took, productTook] = (await time([convolution, product])) as [number, number];
    const rate = (milliseconds: number): string => (flops / milliseconds / 1e6).toFixed(1).padStart(6);
    console.log(
      `  ${name.padEnd(16)}${took.toFixed(2).padStart(8)} ms ${rate(took)} GFLOP/s,  ` +
        `matrix product ${rate(productTook)} GFLOP/s,  ratio ${(productTook / took).toFixed(2)}`,
    );
  }
}
