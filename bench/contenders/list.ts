/** A contender as the suite knows it before its process runs. */
export interface Entry {
  readonly name: string;
  /** For tables and figures. */
  readonly label: string;
  /** What a person calls it by. */
  readonly library: 'wgrad' | 'TensorFlow.js' | 'jax-js' | 'ONNX Runtime Web' | 'PyTorch';
  /** The process: `node` runs bench/worker.ts, `python` contenders/pytorch.py. */
  readonly runtime: 'node' | 'python';
  readonly webgpu?: boolean;
}

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
  { name: 'pytorch-1', label: 'PyTorch, 1 thread', library: 'PyTorch', runtime: 'python' },
  { name: 'pytorch', label: 'PyTorch, all threads', library: 'PyTorch', runtime: 'python' },
  { name: 'pytorch-cuda', label: 'PyTorch CUDA', library: 'PyTorch', runtime: 'python' },
];
