/** The parts of TensorFlow.js 4 that the suite uses: its own types come with it, and it may be missing. */
export interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

export interface TfVariable extends TfTensor {
  readonly trainable: boolean;
}

export interface TfOptimizer {
  minimize(loss: () => TfTensor, returnCost: true, variables: readonly TfVariable[]): TfTensor;
  dispose(): void;
}

export interface Tf {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  backend(): unknown;
  engine(): {
    runKernel(
      name: string,
      inputs: Readonly<Record<string, TfTensor>>,
      attributes: Readonly<Record<string, unknown>>,
    ): TfTensor;
  };
  tidy(body: () => TfTensor): TfTensor;
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype?: 'float32' | 'int32'): TfTensor;
  variable(value: TfTensor): TfVariable;
  add(a: TfTensor, b: TfTensor): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  relu(x: TfTensor): TfTensor;
  conv2d(x: TfTensor, filter: TfTensor, strides: number, pad: 'same'): TfTensor;
  maxPool(x: TfTensor, size: number, strides: number, pad: 'valid'): TfTensor;
  transpose(x: TfTensor, axes?: readonly number[]): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  oneHot(labels: TfTensor, depth: number): TfTensor;
  grad(body: (x: TfTensor) => TfTensor): (x: TfTensor) => TfTensor;
  losses: { softmaxCrossEntropy(labels: TfTensor, logits: TfTensor): TfTensor };
  train: { adam(rate: number, beta1: number, beta2: number, epsilon: number): TfOptimizer };
}

/** What TensorFlow.js's WebAssembly backend is told before it starts. */
export interface TfWasm {
  setWasmPaths(folder: string): void;
  setThreadsCount(count: number): void;
}

/** TensorFlow.js's WebGPU backend: what waits for its queue. */
export interface TfWebGpu {
  readonly queue: GPUQueue;
  /** Launches that are not submitted yet. */
  readonly commandEncoder: GPUCommandEncoder | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}
