import {
  integers,
  LABELS,
  LEFT,
  type NetworkInputs,
  networkInputs,
  RIGHT,
  sample,
  sizeOf,
  uniform,
} from '../inputs.ts';
import { BETAS, CLASSES, CNN, EPSILON, LEARNING_RATE, POOLED } from '../networks.ts';
import type {
  ConvolutionWorkload,
  EvaluationWorkload,
  NetworkWorkload,
  PoolingWorkload,
  TrainingWorkload,
  Workload,
} from '../workloads.ts';
import { type Contender, type Job, Unsupported } from './contender.ts';
import type { CountedGpu } from './gpu.ts';
import type { Host } from './host.ts';
import type { Tf, TfTensor, TfWasm, TfWebGpu } from './tfjsTypes.ts';

const CORE = '@tensorflow/tfjs-core';

/** TensorFlow.js; images lie as it wants them, channels last. Its threads need a page that is cross-origin isolated. */
export async function openContender(
  host: Host,
  backend: 'webgpu' | 'wasm' | 'cpu',
  threads: number,
): Promise<Contender> {
  const gpu = backend === 'webgpu' ? await host.openGpu() : undefined;
  const tf = await host.load<Tf>(CORE);
  await host.load(`${CORE}/dist/register_all_gradients.js`);
  const name = `@tensorflow/tfjs-backend-${backend}`;
  const library = await host.load(name);
  if (backend === 'wasm') prepareWasm(library as TfWasm, host.filesOf(name), threads);
  if (!(await tf.setBackend(backend))) throw new Error(`its backend ${backend} does not start`);
  await tf.ready();
  const suite = new TfSuite(tf, gpu);
  return {
    facts: {
      device:
        gpu?.adapter ??
        `${backend === 'wasm' ? 'WebAssembly SIMD' : 'JavaScript'}, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
      versions: { [CORE]: host.versionOf(CORE), [name]: host.versionOf(name) },
      notes: ['Images channels last; training by optimizer.minimize, labels one-hot.'],
    },
    prepare: async (workload) => {
      try {
        return await suite.prepare(workload);
      } catch (error) {
        if (/not registered for/.test(String(error)))
          throw new Unsupported((error as Error).message.split('\n')[0]);
        throw error;
      }
    },
    ...(gpu && { counts: () => gpu.counts() }),
  };
}

function prepareWasm(library: TfWasm, files: string | undefined, threads: number): void {
  if (files !== undefined) library.setWasmPaths(files);
  if (threads > 1) library.setThreadsCount(threads);
}

/** Channels first to last, and back. */
const LAST = [0, 2, 3, 1];
const FIRST = [0, 3, 1, 2];
/** Filters [out, in, height, width] to [height, width, in, out], and back. */
const FILTER_LAST = [2, 3, 1, 0];
const FILTER_FIRST = [3, 2, 0, 1];

class TfSuite {
  readonly #tf: Tf;
  readonly #gpu: CountedGpu | undefined;

  constructor(tf: Tf, gpu: CountedGpu | undefined) {
    this.#tf = tf;
    this.#gpu = gpu;
  }

  async prepare(workload: Workload): Promise<Job> {
    const job = this.#job(workload);
    await this.#settle();
    return job;
  }

  #job(workload: Workload): Job {
    const tf = this.#tf;
    switch (workload.kind) {
      case 'matmul': {
        const { m, k, n, transposeA, transposeB } = workload;
        const a = this.#numbers(LEFT, transposeA ? [k, m] : [m, k]);
        const b = this.#numbers(RIGHT, transposeB ? [n, k] : [k, n]);
        return this.#kernel([a, b], () => tf.matMul(a, b, transposeA, transposeB));
      }
      case 'conv2d':
        return this.#convolution(workload);
      case 'maxPool2d':
        return this.#pooling(workload);
      case 'crossEntropy': {
        const { rows, classes } = workload;
        const logits = this.#numbers(LEFT, [rows, classes]);
        const labels = this.#oneHot(integers(LABELS, rows, classes), classes);
        const gradient = tf.grad((x) => tf.losses.softmaxCrossEntropy(labels, x));
        return this.#kernel([logits, labels], () => gradient(logits));
      }
      case 'training':
        return this.#training(workload);
      case 'evaluation':
        return this.#evaluation(workload);
    }
  }

  /** Waits until all that was launched is done; work on the processor is done when a call returns. */
  async #settle(): Promise<void> {
    if (!this.#gpu) return;
    const backend = this.#tf.backend() as TfWebGpu;
    if (backend.commandEncoder) {
      backend.endComputePassEncoder();
      backend.submitQueue();
    }
    await backend.queue.onSubmittedWorkDone();
    this.#gpu.check();
  }

  #numbers(stream: number, shape: readonly number[], axes?: readonly number[]): TfTensor {
    return this.#placed(uniform(stream, sizeOf(shape)), shape, axes);
  }

  /** Values of that shape, with axes in another order. */
  #placed(values: Float32Array, shape: readonly number[], axes?: readonly number[]): TfTensor {
    const tf = this.#tf;
    const tensor = (): TfTensor => tf.tensor(values, shape);
    return axes ? tf.tidy(() => tf.transpose(tensor(), axes)) : tensor();
  }

  #oneHot(labels: Int32Array, classes: number): TfTensor {
    const tf = this.#tf;
    return tf.tidy(() => tf.oneHot(tf.tensor(labels, [labels.length], 'int32'), classes));
  }

  /** @param axes what brings the result into PyTorch's layout */
  #kernel(inputs: readonly TfTensor[], body: () => TfTensor, axes?: readonly number[]): Job {
    const tf = this.#tf;
    return {
      run: async (calls) => {
        for (let call = 0; call < calls; call++) tf.tidy(body).dispose();
        await this.#settle();
      },
      read: async () => {
        const result = tf.tidy(() => (axes ? tf.transpose(body(), axes) : body()));
        const values = sample(await result.data());
        result.dispose();
        this.#gpu?.check();
        return values;
      },
      dispose: () => inputs.forEach((input) => input.dispose()),
    };
  }

  #convolution({ pass, batch, channels, outChannels, side }: ConvolutionWorkload): Job {
    const tf = this.#tf;
    const image = [batch, channels, side, side];
    const filter = [outChannels, channels, 3, 3];
    const left = this.#numbers(LEFT, pass === 'forward' ? image : [batch, outChannels, side, side], LAST);
    const right =
      pass === 'weightGradient'
        ? this.#numbers(RIGHT, image, LAST)
        : this.#numbers(RIGHT, filter, FILTER_LAST);
    const inputs = [left, right];
    const common = { strides: 1, pad: 'same', dataFormat: 'NHWC' };
    switch (pass) {
      case 'forward':
        return this.#kernel(inputs, () => tf.conv2d(left, right, 1, 'same'), FIRST);
      case 'inputGradient': {
        const attributes = { ...common, inputShape: [batch, side, side, channels] };
        return this.#kernel(
          inputs,
          () => tf.engine().runKernel('Conv2DBackpropInput', { dy: left, filter: right }, attributes),
          FIRST,
        );
      }
      case 'weightGradient': {
        const attributes = { ...common, filterShape: [3, 3, channels, outChannels] };
        return this.#kernel(
          inputs,
          () => tf.engine().runKernel('Conv2DBackpropFilter', { x: right, dy: left }, attributes),
          FILTER_FIRST,
        );
      }
    }
  }

  #pooling({ pass, batch, channels, side }: PoolingWorkload): Job {
    const tf = this.#tf;
    const images = this.#numbers(LEFT, [batch, channels, side, side], LAST);
    if (pass === 'forward') return this.#kernel([images], () => tf.maxPool(images, 2, 2, 'valid'), FIRST);
    const output = tf.maxPool(images, 2, 2, 'valid');
    const dy = this.#numbers(RIGHT, [batch, channels, side / 2, side / 2], LAST);
    const attributes = { filterSize: 2, strides: 2, pad: 'valid' };
    return this.#kernel(
      [images, output, dy],
      () => tf.engine().runKernel('MaxPoolGrad', { dy, input: images, output }, attributes),
      FIRST,
    );
  }

  #images({ network }: NetworkWorkload, { values, shape }: NetworkInputs['images']): TfTensor {
    return this.#placed(values, shape, network === 'cnn' ? LAST : undefined);
  }

  #evaluation(workload: EvaluationWorkload): Job {
    const { images, parameters } = networkInputs(workload);
    const held = parameters.map(({ values, shape }) => this.#parameter(values, shape));
    const batches = Array.from({ length: workload.batches }, () => this.#images(workload, images));
    const forward = FORWARD[workload.network];
    const logits = (x: TfTensor): TfTensor => this.#tf.tidy(() => forward(this.#tf, x, held));
    return {
      run: async (calls) => {
        for (let call = 0; call < calls; call++) for (const x of batches) logits(x).dispose();
        await this.#settle();
      },
      read: async () => {
        const result = logits(batches.at(-1)!);
        const values = sample(await result.data());
        result.dispose();
        this.#gpu?.check();
        return values;
      },
      dispose: () => [...batches, ...held].forEach((tensor) => tensor.dispose()),
    };
  }

  #training(workload: TrainingWorkload): Job {
    const tf = this.#tf;
    const { images, labels, parameters } = networkInputs(workload);
    const x = this.#images(workload, images);
    const target = this.#oneHot(labels, CLASSES);
    const variables = parameters.map(({ values, shape }) => tf.variable(this.#parameter(values, shape)));
    const optimizer = tf.train.adam(LEARNING_RATE, ...BETAS, EPSILON);
    const forward = FORWARD[workload.network];
    const step = (): TfTensor =>
      optimizer.minimize(
        () => tf.losses.softmaxCrossEntropy(target, forward(tf, x, variables)),
        true,
        variables,
      );
    const train = async (calls: number): Promise<number> => {
      for (let call = 1; call < calls; call++) step().dispose();
      const loss = step();
      const [value] = await loss.data();
      loss.dispose();
      await this.#settle();
      return value!;
    };
    return {
      run: async (calls) => {
        await train(calls);
      },
      read: async () => [await train(1)],
      dispose: () => [x, target, optimizer, ...variables].forEach((held) => held.dispose()),
    };
  }

  /** A parameter in TensorFlow.js's layout: the flattened image runs over channels last. */
  #parameter(values: Float32Array, shape: readonly number[]): TfTensor {
    const tf = this.#tf;
    if (shape.length === 1) return tf.tensor(values, shape);
    if (shape.length === 4) return this.#placed(values, shape, FILTER_LAST);
    const [outputs, inputs] = shape as [number, number];
    if (inputs !== CNN.second * POOLED * POOLED) return this.#placed(values, shape, [1, 0]);
    return tf.tidy(() => {
      const planes = tf.tensor(values, [outputs, CNN.second, POOLED, POOLED]);
      return tf.reshape(tf.transpose(planes, [2, 3, 1, 0]), [inputs, outputs]);
    });
  }
}

function mlp(tf: Tf, x: TfTensor, p: readonly TfTensor[]): TfTensor {
  const hidden = tf.relu(tf.add(tf.matMul(x, p[0]!), p[1]!));
  return tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(hidden, p[2]!), p[3]!)), p[4]!), p[5]!);
}

function cnn(tf: Tf, x: TfTensor, p: readonly TfTensor[]): TfTensor {
  const block = (input: TfTensor, first: number): TfTensor =>
    tf.maxPool(tf.relu(tf.add(tf.conv2d(input, p[first]!, 1, 'same'), p[first + 1]!)), 2, 2, 'valid');
  const images = block(block(x, 0), 2);
  const flat = tf.reshape(images, [x.shape[0]!, CNN.second * POOLED * POOLED]);
  return tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(flat, p[4]!), p[5]!)), p[6]!), p[7]!);
}

const FORWARD = { mlp, cnn };
