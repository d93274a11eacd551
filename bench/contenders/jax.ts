import { integers, LABELS, LEFT, RIGHT, sample, sizeOf, networkInputs, uniform } from '../inputs.ts';
import { BETAS, CLASSES, CNN, EPSILON, LEARNING_RATE, POOLED } from '../networks.ts';
import type {
  ConvolutionWorkload,
  EvaluationWorkload,
  NetworkWorkload,
  PoolingWorkload,
  TrainingWorkload,
  Workload,
} from '../workloads.ts';
import type { Contender, Job } from './contender.ts';
import type { CountedGpu } from './gpu.ts';
import type { Host } from './host.ts';
import type { Jax, JaxArray } from './jaxTypes.ts';

const PACKAGE = '@jax-js/jax';

/**
 * jax-js, with all that is timed inside `jit`, a whole training step as one function. It is lazy: each result is waited
 * for, since one that is dropped unread is never computed.
 */
export async function openContender(
  host: Host,
  device: 'webgpu' | 'wasm',
  threads: number,
): Promise<Contender> {
  const gpu = device === 'webgpu' ? await host.openGpu() : undefined;
  if (!gpu) host.offerThreads(threads);
  const jax = await host.load<Jax>(PACKAGE);
  if (!(await jax.init(device)).includes(device)) throw new Error(`its device ${device} does not start`);
  jax.defaultDevice(device);
  const suite = new JaxSuite(jax, gpu);
  return {
    facts: {
      device: gpu?.adapter ?? `WebAssembly SIMD, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
      versions: { [PACKAGE]: host.versionOf(PACKAGE) },
      notes: [
        'Whole training step in one jit; Adam written in its operations.',
        ...(threads > 1 && host.threadsNote !== undefined ? [host.threadsNote] : []),
      ],
    },
    prepare: (workload) => Promise.resolve(suite.prepare(workload)),
    ...(gpu && { counts: () => gpu.counts() }),
  };
}

const PADDING = [
  [1, 1],
  [1, 1],
] as const;

class JaxSuite {
  readonly #jax: Jax;
  readonly #gpu: CountedGpu | undefined;

  constructor(jax: Jax, gpu: CountedGpu | undefined) {
    this.#jax = jax;
    this.#gpu = gpu;
  }

  prepare(workload: Workload): Job {
    const { numpy: np, grad, nn } = this.#jax;
    switch (workload.kind) {
      case 'matmul': {
        const { m, k, n, transposeA, transposeB } = workload;
        const a = this.#numbers(LEFT, transposeA ? [k, m] : [m, k]);
        const b = this.#numbers(RIGHT, transposeB ? [n, k] : [k, n]);
        return this.#kernel([a, b], (left, right) =>
          np.matmul(transposeA ? left.transpose() : left, transposeB ? right.transpose() : right),
        );
      }
      case 'conv2d':
        return this.#convolution(workload);
      case 'maxPool2d':
        return this.#pooling(workload);
      case 'crossEntropy': {
        const { rows, classes } = workload;
        const logits = this.#numbers(LEFT, [rows, classes]);
        const labels = np.array(integers(LABELS, rows, classes), { dtype: np.int32 });
        const loss = (x: JaxArray, target: JaxArray): JaxArray => this.#loss(x, nn.oneHot(target, classes));
        return this.#kernel([logits, labels], (x, target) => grad(loss)(x, target));
      }
      case 'training':
        return this.#training(workload);
      case 'evaluation':
        return this.#evaluation(workload);
    }
  }

  #numbers(stream: number, shape: readonly number[]): JaxArray {
    return this.#jax.numpy.array(uniform(stream, sizeOf(shape))).reshape(shape);
  }

  #loss(logits: JaxArray, oneHot: JaxArray): JaxArray {
    const { numpy: np, nn } = this.#jax;
    return np.mean(np.sum(nn.logSoftmax(logits).mul(oneHot), 1)).mul(-1);
  }

  #kernel(inputs: readonly JaxArray[], body: (...inputs: JaxArray[]) => JaxArray): Job {
    const compiled = this.#jax.jit(body);
    const once = (): JaxArray => compiled(...inputs.map((input) => input.ref));
    return {
      run: async (calls) => {
        for (let call = 0; call < calls; call++) (await once().blockUntilReady()).dispose();
        this.#gpu?.check();
      },
      read: async () => {
        const values = sample(await once().data());
        this.#gpu?.check();
        return values;
      },
      dispose: () => inputs.forEach((input) => input.dispose()),
    };
  }

  #conv(x: JaxArray, filter: JaxArray): JaxArray {
    return this.#jax.lax.conv(x, filter, [1, 1], PADDING);
  }

  /** Gradients of the sum of the result's products with the gradient that comes from above. */
  #convolution({ pass, batch, channels, outChannels, side }: ConvolutionWorkload): Job {
    const { numpy: np, grad } = this.#jax;
    const image = [batch, channels, side, side];
    const filter = [outChannels, channels, 3, 3];
    const left = this.#numbers(LEFT, pass === 'forward' ? image : [batch, outChannels, side, side]);
    const right = this.#numbers(RIGHT, pass === 'weightGradient' ? image : filter);
    const other = np.zeros(pass === 'weightGradient' ? filter : image);
    const form = (x: JaxArray, w: JaxArray, g: JaxArray): JaxArray => np.sum(this.#conv(x, w).mul(g));
    switch (pass) {
      case 'forward':
        other.dispose();
        return this.#kernel([left, right], (x, w) => this.#conv(x, w));
      case 'inputGradient':
        return this.#kernel([left, right, other], (g, w, x) => grad(form)(x, w, g));
      case 'weightGradient':
        return this.#kernel([left, right, other], (g, x, w) =>
          grad((weight: JaxArray, images: JaxArray, slopes: JaxArray) => form(images, weight, slopes))(
            w,
            x,
            g,
          ),
        );
    }
  }

  /** The maximum over two axes of its own: several times as fast as `reduceWindow` here, which has no other gradient. */
  #pool(x: JaxArray): JaxArray {
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    return this.#jax.numpy.max(x.reshape([batch, channels, height / 2, 2, width / 2, 2]), [3, 5]);
  }

  #pooling({ pass, batch, channels, side }: PoolingWorkload): Job {
    const { numpy: np, grad } = this.#jax;
    const images = this.#numbers(LEFT, [batch, channels, side, side]);
    if (pass === 'forward') return this.#kernel([images], (x) => this.#pool(x));
    const slopes = this.#numbers(RIGHT, [batch, channels, side / 2, side / 2]);
    const form = (x: JaxArray, g: JaxArray): JaxArray => np.sum(this.#pool(x).mul(g));
    return this.#kernel([images, slopes], (x, g) => grad(form)(x, g));
  }

  #evaluation(workload: EvaluationWorkload): Job {
    const { images, parameters } = networkInputs(workload);
    const placed = ({ values, shape }: (typeof parameters)[number]): JaxArray =>
      this.#jax.numpy.array(values).reshape(shape);
    const held = parameters.map(placed);
    const batches = Array.from({ length: workload.batches }, () => placed(images));
    const compiled = this.#jax.jit((p: JaxArray[], x: JaxArray) => this.#forward(workload, p, x));
    const logits = (x: JaxArray): JaxArray =>
      compiled(
        held.map((parameter) => parameter.ref),
        x.ref,
      );
    return {
      run: async (calls) => {
        for (let call = 0; call < calls; call++)
          for (const x of batches) (await logits(x).blockUntilReady()).dispose();
        this.#gpu?.check();
      },
      read: async () => {
        const values = sample(await logits(batches.at(-1)!).data());
        this.#gpu?.check();
        return values;
      },
      dispose: () => [...held, ...batches].forEach((array) => array.dispose()),
    };
  }

  #training(workload: TrainingWorkload): Job {
    const { numpy: np, nn } = this.#jax;
    const { images, labels, parameters } = networkInputs(workload);
    const placed = ({ values, shape }: (typeof parameters)[number]): JaxArray =>
      np.array(values).reshape(shape);
    const x = placed(images);
    const target = nn.oneHot(np.array(labels, { dtype: np.int32 }), CLASSES);
    const zeros = (): JaxArray[] => parameters.map(({ shape }) => np.zeros(shape));
    let state: State = [parameters.map(placed), zeros(), zeros(), np.array(0)];
    const step = this.#step(workload);
    const advance = (): JaxArray => {
      const [loss, ...next] = step(...state, x.ref, target.ref);
      state = next;
      return loss;
    };
    const train = async (calls: number): Promise<number> => {
      for (let call = 1; call < calls; call++) advance().dispose();
      const [value] = await advance().data();
      await this.#jax.blockUntilReady(state[0]);
      this.#gpu?.check();
      return value!;
    };
    return {
      run: async (calls) => {
        await train(calls);
      },
      read: async () => [await train(1)],
      dispose: () => [x, target, ...state.flat()].forEach((held) => held.dispose()),
    };
  }

  /** A whole step, compiled: the loss, then parameters, moments and the number of steps. */
  #step(workload: TrainingWorkload): (...args: [...State, JaxArray, JaxArray]) => [JaxArray, ...State] {
    const { numpy: np, jit, valueAndGrad } = this.#jax;
    const loss = (parameters: JaxArray[], x: JaxArray, target: JaxArray): JaxArray =>
      this.#loss(this.#forward(workload, parameters, x), target);
    const [beta1, beta2] = BETAS;
    return jit(
      (
        parameters: JaxArray[],
        means: JaxArray[],
        squares: JaxArray[],
        steps: JaxArray,
        x: JaxArray,
        target: JaxArray,
      ): [JaxArray, ...State] => {
        const [value, gradients] = valueAndGrad(loss)(
          parameters.map((parameter) => parameter.ref),
          x,
          target,
        );
        const count = steps.add(1);
        const bias1 = np.array(1).sub(np.power(beta1, count.ref));
        const bias2 = np.array(1).sub(np.power(beta2, count.ref));
        const next: State = [[], [], [], count];
        for (const [index, parameter] of parameters.entries()) {
          const gradient = gradients[index]!;
          const mean = means[index]!.mul(beta1).add(gradient.ref.mul(1 - beta1));
          const square = squares[index]!.mul(beta2).add(np.square(gradient).mul(1 - beta2));
          const slope = np.sqrt(square.ref.div(bias2.ref)).add(EPSILON);
          next[0].push(parameter.sub(mean.ref.div(bias1.ref).mul(LEARNING_RATE).div(slope)));
          next[1].push(mean);
          next[2].push(square);
        }
        bias1.dispose();
        bias2.dispose();
        return [value, ...next];
      },
    );
  }

  #forward({ network }: NetworkWorkload, parameters: readonly JaxArray[], x: JaxArray): JaxArray {
    return network === 'mlp' ? this.#mlp(parameters, x) : this.#cnn(parameters, x);
  }

  #dense(x: JaxArray, weight: JaxArray, bias: JaxArray): JaxArray {
    return this.#jax.numpy.matmul(x, weight.transpose()).add(bias);
  }

  #mlp(p: readonly JaxArray[], x: JaxArray): JaxArray {
    const { relu } = this.#jax.nn;
    return this.#dense(relu(this.#dense(relu(this.#dense(x, p[0]!, p[1]!)), p[2]!, p[3]!)), p[4]!, p[5]!);
  }

  #cnn(p: readonly JaxArray[], x: JaxArray): JaxArray {
    const { relu } = this.#jax.nn;
    const [batch] = x.shape as [number];
    const block = (input: JaxArray, weight: JaxArray, bias: JaxArray): JaxArray =>
      this.#pool(relu(this.#conv(input, weight).add(bias.reshape([bias.shape[0]!, 1, 1]))));
    const images = block(block(x, p[0]!, p[1]!), p[2]!, p[3]!);
    const flat = images.reshape([batch, CNN.second * POOLED * POOLED]);
    return this.#dense(relu(this.#dense(flat, p[4]!, p[5]!)), p[6]!, p[7]!);
  }
}

/** Parameters, first and second moments, and the steps taken. */
type State = [JaxArray[], JaxArray[], JaxArray[], JaxArray];
