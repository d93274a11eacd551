/** A contender as the suite knows it before its process runs. */
export interface Entry {
  readonly name: string;
  /** For tables and figures. */
  readonly label: string;
  /** What a person calls it by. */
  readonly library: 'wgrad' | 'TensorFlow.js' | 'jax-js' | 'ONNX Runtime Web' | 'PyTorch';
  /** `node`: a process with node/worker.ts. `python`: one with contenders/pytorch.py. `chromium`: a page's Worker with browser/worker.ts. */
  readonly runtime: 'node' | 'python' | 'chromium';
  /** The page is cross-origin isolated, so that its threads can share memory. */
  readonly isolated?: boolean;
  readonly webgpu?: boolean;
  /** Added to the process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * By default glibc gives large blocks back to the system as soon as they are free, and PyTorch's next step waits for the
 * same pages again. With these settings it keeps them, as wgrad's pools do.
 */
export const KEEPS_MEMORY: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: String(2 ** 30),
  MALLOC_TRIM_THRESHOLD_: String(2 ** 32),
  MALLOC_TOP_PAD_: String(2 ** 26),
};

/** In the order of the tables: the first that is present is what the others' results are compared with. */
export const CONTENDERS: readonly Entry[] = [
  { name: 'wgrad-cpu', label: 'wgrad CPU', library: 'wgrad', runtime: 'node' },
  { name: 'wgrad-webgpu', label: 'wgrad WebGPU', library: 'wgrad', runtime: 'node', webgpu: true },
  { name: 'tfjs-webgpu', label: 'TF.js WebGPU', library: 'TensorFlow.js', runtime: 'node', webgpu: true },
  { name: 'tfjs-wasm', label: 'TF.js wasm', library: 'TensorFlow.js', runtime: 'node' },
  { name: 'tfjs-cpu', label: 'TF.js cpu', library: 'TensorFlow.js', runtime: 'node' },
  { name: 'jax-webgpu', label: 'jax-js WebGPU', library: 'jax-js', runtime: 'node', webgpu: true },
  { name: 'jax-wasm', label: 'jax-js wasm', library: 'jax-js', runtime: 'node' },
  { name: 'jax-wasm-threads', label: 'jax-js wasm, threads', library: 'jax-js', runtime: 'node' },
  { name: 'onnx-wasm', label: 'ONNX Runtime wasm', library: 'ONNX Runtime Web', runtime: 'node' },
  {
    name: 'pytorch-1',
    label: 'PyTorch, 1 thread',
    library: 'PyTorch',
    runtime: 'python',
    environment: { ...KEEPS_MEMORY, OPENBLAS_NUM_THREADS: '1' },
  },
  {
    name: 'pytorch-blas',
    label: 'PyTorch, threads of BLAS',
    library: 'PyTorch',
    runtime: 'python',
    environment: KEEPS_MEMORY,
  },
  {
    name: 'pytorch',
    label: 'PyTorch, all threads',
    library: 'PyTorch',
    runtime: 'python',
    environment: KEEPS_MEMORY,
  },
  { name: 'pytorch-default', label: 'PyTorch, as installed', library: 'PyTorch', runtime: 'python' },
  { name: 'pytorch-cuda', label: 'PyTorch CUDA', library: 'PyTorch', runtime: 'python' },
  {
    name: 'pytorch-cuda-default',
    label: 'PyTorch CUDA, as installed',
    library: 'PyTorch',
    runtime: 'python',
  },
];

/** Those that a browser can run, as it runs them. */
export const BROWSER_CONTENDERS: readonly Entry[] = [
  inPage('wgrad-cpu', { isolated: true }),
  { ...inPage('wgrad-cpu'), name: 'wgrad-cpu-1', label: 'wgrad CPU, 1 thread' },
  inPage('wgrad-webgpu'),
  inPage('tfjs-webgpu'),
  inPage('tfjs-wasm'),
  { ...inPage('tfjs-wasm', { isolated: true }), name: 'tfjs-wasm-threads', label: 'TF.js wasm, threads' },
  inPage('jax-webgpu'),
  inPage('jax-wasm'),
  inPage('jax-wasm-threads', { isolated: true }),
];

function inPage(name: string, changes: Pick<Entry, 'isolated'> = {}): Entry {
  return { ...CONTENDERS.find((entry) => entry.name === name)!, runtime: 'chromium', ...changes };
}
