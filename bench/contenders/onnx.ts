import { LEFT, RIGHT, sample, uniform } from '../inputs.ts';
import type { Workload } from '../workloads.ts';
import { type Contender, type Job, Unsupported } from './contender.ts';
import type { Host } from './host.ts';
import { matmulModel } from './onnxModel.ts';

const PACKAGE = 'onnxruntime-web';

/** The part of onnxruntime-web that is used here. */
interface OnnxRuntime {
  env: { wasm: { numThreads: number } };
  Tensor: new (dtype: 'float32', data: Float32Array, dims: readonly number[]) => unknown;
  InferenceSession: {
    create(model: Uint8Array, options: { executionProviders: string[] }): Promise<Session>;
  };
}

interface Session {
  run(feeds: Record<string, unknown>): Promise<{ out: { data: Float32Array } }>;
  release(): Promise<void>;
}

/** ONNX Runtime's WebAssembly build, which infers and does not train: products alone. */
export async function openContender(host: Host): Promise<Contender> {
  const runtime = await host.load<OnnxRuntime>(PACKAGE);
  const threads = host.parallelism;
  runtime.env.wasm.numThreads = threads;
  return {
    facts: {
      device: `WebAssembly SIMD, ${threads} threads`,
      versions: { [PACKAGE]: host.versionOf(PACKAGE) },
      notes: [],
    },
    prepare: (workload) => prepare(runtime, workload),
  };
}

async function prepare(runtime: OnnxRuntime, workload: Workload): Promise<Job> {
  if (workload.kind !== 'matmul') throw new Unsupported('ONNX Runtime Web is timed for products alone');
  const { m, k, n, transposeA, transposeB } = workload;
  const options = { executionProviders: ['wasm'] };
  const session = await runtime.InferenceSession.create(matmulModel(workload), options);
  const feeds = {
    a: new runtime.Tensor('float32', uniform(LEFT, m * k), transposeA ? [k, m] : [m, k]),
    b: new runtime.Tensor('float32', uniform(RIGHT, k * n), transposeB ? [n, k] : [k, n]),
  };
  return {
    run: async (calls) => {
      for (let call = 0; call < calls; call++) await session.run(feeds);
    },
    read: async () => sample((await session.run(feeds)).out.data),
    dispose: () => void session.release(),
  };
}
