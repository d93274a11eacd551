/**
 * Products of square matrices on the CPU backend beside ONNX Runtime's WebAssembly build, both with as many threads as
 * asked for, in turns: what disturbs the machine disturbs both. Each time is until the product can be read.
 *
 *   npm --prefix bench install
 *   npx tsx bench/matmul.ts [threads]
 */
import { availableParallelism } from 'node:os';
import { openCpu } from '../src/backend/cpu/cpu.ts';
import { rand, scope, setDefaultDevice } from '../src/index.ts';
import { median } from './measure.ts';

const SIZES = [128, 256, 512, 1024];
const ROUNDS = 21;
const threads = Number(process.argv[2] ?? availableParallelism());

/** The part of onnxruntime-web that is used here: it is no dependency of the library, and may be missing. */
interface OnnxRuntime {
  env: { wasm: { numThreads: number } };
  Tensor: new (dtype: 'float32', data: Float32Array, dims: readonly number[]) => unknown;
  InferenceSession: {
    create(
      model: Uint8Array,
      options: { executionProviders: string[] },
    ): Promise<{ run(feeds: Record<string, unknown>): Promise<unknown> }>;
  };
}

/** A field of a protocol buffer: a number, or bytes with their length. */
function field(number: number, value: number | string | readonly number[]): number[] {
  const varint = (rest: number): number[] =>
    rest < 128 ? [rest] : [(rest % 128) + 128, ...varint(rest >> 7)];
  if (typeof value === 'number') return [...varint(number * 8), ...varint(value)];
  const bytes = typeof value === 'string' ? [...Buffer.from(value)] : value;
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

/** The ONNX model c = a · b. Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
function model(side: number): Uint8Array {
  const FLOAT = 1;
  const dimension = field(1, field(1, side));
  const shape = [...dimension, ...dimension];
  const type = field(1, [...field(1, FLOAT), ...field(2, shape)]);
  const value = (name: string): number[] => [...field(1, name), ...field(2, type)];
  const node = [...field(1, 'a'), ...field(1, 'b'), ...field(2, 'c'), ...field(4, 'MatMul')];
  const inputs = [...field(11, value('a')), ...field(11, value('b'))];
  const graph = [...field(1, node), ...field(2, 'product'), ...inputs, ...field(12, value('c'))];
  return Uint8Array.from([...field(1, 8), ...field(7, graph), ...field(8, field(2, 13))]);
}

const peer = 'onnxruntime-web';
const runtime = (await import(peer)) as OnnxRuntime;
runtime.env.wasm.numThreads = threads;
const device = openCpu({ threads });
setDefaultDevice(device);
console.log(`${device.description}; onnxruntime-web with ${threads}; medians of ${ROUNDS} rounds\n`);

async function milliseconds(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

for (const side of SIZES) {
  const [a, b] = [rand([side, side]), rand([side, side])];
  const feeds = {
    a: new runtime.Tensor('float32', (await a.data()) as Float32Array, [side, side]),
    b: new runtime.Tensor('float32', (await b.data()) as Float32Array, [side, side]),
  };
  const session = await runtime.InferenceSession.create(model(side), { executionProviders: ['wasm'] });
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = -3; round < ROUNDS; round++) {
    const product = await milliseconds(() => {
      scope(() => void a.matmul(b));
      return device.synchronize();
    });
    const peerProduct = await milliseconds(() => session.run(feeds));
    if (round < 0) continue;
    ours.push(product);
    theirs.push(peerProduct);
  }
  const rate = (time: number): string => `${((2 * side ** 3) / time / 1e6).toFixed(1).padStart(6)} GFLOP/s`;
  const fastest = [Math.min(...ours), Math.min(...theirs)] as const;
  console.log(
    `${String(side).padStart(5)}³  wgrad ${rate(median(ours))}, onnxruntime ${rate(median(theirs))}, ` +
      `ratio ${(median(theirs) / median(ours)).toFixed(2)};  ` +
      `fastest ${rate(fastest[0])} and ${rate(fastest[1])}, ratio ${(fastest[1] / fastest[0]).toFixed(2)}`,
  );
}
