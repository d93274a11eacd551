import {
  crossEntropy,
  type Backend,
  capture,
  grad,
  init,
  nn,
  noGrad,
  optim,
  scope,
  tensor,
  type Tensor,
} from '../../src/index.ts';
import {
  type Convolution,
  convolve,
  inputGradient,
  weightGradient,
} from '../../src/ops/support/convolution.ts';
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
import { BETAS, CLASSES, CNN, EPSILON, LEARNING_RATE, MLP_SECOND, PIXELS, POOLED } from '../networks.ts';
import type {
  ConvolutionWorkload,
  EvaluationWorkload,
  NetworkWorkload,
  PoolingWorkload,
  TrainingWorkload,
  Workload,
} from '../workloads.ts';
import type { Contender, Job } from './contender.ts';
import type { Host } from './host.ts';

/** wgrad itself; training steps are captured, as the trainer captures them. */
export async function openContender(host: Host, name: 'webgpu' | 'cpu'): Promise<Contender> {
  const device = await init(name, { tuning: host.tuning });
  return {
    facts: {
      device: device.description,
      gpu: name === 'webgpu' && device.info.software !== true,
      versions: {},
      notes: [],
    },
    prepare: (workload) => Promise.resolve(prepareJob(workload, device)),
    ...(name === 'webgpu' && {
      counts: () => {
        const { dispatches, submits } = device.stats();
        return { dispatches, submits };
      },
    }),
  };
}

function numbers(stream: number, shape: readonly number[], requiresGrad: boolean = false): Tensor {
  return tensor(uniform(stream, sizeOf(shape)), { shape: [...shape], requiresGrad });
}

/** A workload on a device, which has to be the default one. */
export function prepareJob(workload: Workload, device: Backend): Job {
  switch (workload.kind) {
    case 'matmul': {
      const { m, k, n, transposeA, transposeB } = workload;
      const a = numbers(LEFT, transposeA ? [k, m] : [m, k]);
      const b = numbers(RIGHT, transposeB ? [n, k] : [k, n]);
      return kernel(device, [a, b], () => (transposeA ? a.t() : a).matmul(transposeB ? b.t() : b));
    }
    case 'conv2d':
      return convolution(workload, device);
    case 'maxPool2d':
      return pooling(workload, device);
    case 'crossEntropy': {
      const { rows, classes } = workload;
      const logits = numbers(LEFT, [rows, classes], true);
      const labels = tensor(integers(LABELS, rows, classes), { shape: [rows] });
      return kernel(device, [logits, labels], () => grad(crossEntropy(logits, labels), [logits])[0]);
    }
    case 'training':
      return training(workload, device);
    case 'evaluation':
      return evaluation(workload, device);
  }
}

/** A job that makes one result from tensors that stay. */
function kernel(device: Backend, inputs: readonly Tensor[], body: () => Tensor): Job {
  return {
    run: async (calls) => {
      for (let call = 0; call < calls; call++) scope(() => void body());
      await device.synchronize();
    },
    read: async () => {
      using result = scope(body);
      return sample(await result.data());
    },
    dispose: () => inputs.forEach((input) => input.dispose()),
  };
}

function convolution(workload: ConvolutionWorkload, device: Backend): Job {
  const { batch, channels, outChannels, side, pass } = workload;
  const size = [side, side] as const;
  const sizes: Convolution = {
    batch,
    groups: 1,
    channels,
    outChannels,
    size,
    outSize: size,
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1],
    dilation: [1, 1],
  };
  const image = [batch, channels, side, side];
  const outcome = [batch, outChannels, side, side];
  const filters = [outChannels, channels, 3, 3];
  // The same two inputs for every contender: what the pass is a function of, images first.
  const left = numbers(LEFT, pass === 'forward' ? image : outcome);
  const right = numbers(RIGHT, pass === 'weightGradient' ? image : filters);
  const body = {
    forward: () => convolve(left, right, undefined, sizes),
    inputGradient: () => inputGradient(left, right, sizes),
    weightGradient: () => weightGradient(left, right, sizes),
  }[pass];
  return kernel(device, [left, right], () => noGrad(body));
}

function pooling({ pass, batch, channels, side }: PoolingWorkload, device: Backend): Job {
  const images = numbers(LEFT, [batch, channels, side, side], pass === 'backward');
  const pool = (): Tensor => images.maxPool2d({ kernelSize: 2 });
  if (pass === 'forward') return kernel(device, [images], pool);
  const result = pool();
  const gradient = numbers(RIGHT, result.shape);
  const backward = (): Tensor => grad(result, [images], { gradOutputs: [gradient], retainGraph: true })[0];
  return kernel(device, [images, result, gradient], backward);
}

function networkOf({ network, width }: NetworkWorkload): nn.Module {
  if (network === 'mlp') {
    return new nn.Sequential(
      new nn.Linear(PIXELS, width),
      new nn.ReLU(),
      new nn.Linear(width, MLP_SECOND),
      new nn.ReLU(),
      new nn.Linear(MLP_SECOND, CLASSES),
    );
  }
  return new nn.Sequential(
    new nn.Conv2d(1, CNN.first, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(CNN.first, CNN.second, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(CNN.second * POOLED * POOLED, CNN.dense),
    new nn.ReLU(),
    new nn.Linear(CNN.dense, CLASSES),
  );
}

/** The network with these parameters. */
function loaded(workload: NetworkWorkload, parameters: NetworkInputs['parameters']): nn.Module {
  const model = networkOf(workload);
  const names = Object.keys(model.stateDict());
  scope(() =>
    model.loadStateDict(
      Object.fromEntries(
        parameters.map(({ values, shape }, index) => [names[index]!, tensor(values, { shape })]),
      ),
    ),
  );
  return model;
}

/** Every batch is a tensor of its own, as a test set's are. */
function evaluation(workload: EvaluationWorkload, device: Backend): Job {
  const { images, parameters } = networkInputs(workload);
  const model = loaded(workload, parameters);
  const batches = Array.from({ length: workload.batches }, () =>
    tensor(images.values, { shape: images.shape }),
  );
  const logits = (x: Tensor): Tensor => noGrad(() => scope(() => model.forward(x)));
  return {
    run: async (calls) => {
      for (let call = 0; call < calls; call++) for (const x of batches) logits(x).dispose();
      await device.synchronize();
    },
    read: async () => {
      using result = logits(batches.at(-1)!);
      return sample(await result.data());
    },
    dispose: () => [...batches, ...model.parameters()].forEach((held) => held.dispose()),
  };
}

function training(workload: TrainingWorkload, device: Backend): Job {
  const { images, labels, parameters } = networkInputs(workload);
  const model = loaded(workload, parameters);
  const optimizer = new optim.Adam(model.parameters(), { lr: LEARNING_RATE, betas: BETAS, eps: EPSILON });
  const x = tensor(images.values, { shape: images.shape });
  const target = tensor(labels, { shape: [labels.length] });
  const step = capture(
    () => {
      const loss = crossEntropy(model.forward(x), target);
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return loss;
    },
    { device },
  );
  const train = async (calls: number): Promise<number> => {
    for (let call = 1; call < calls; call++) step().dispose();
    using loss = step();
    return await loss.item();
  };
  return {
    run: async (calls) => {
      await train(calls);
    },
    read: async () => [await train(1)],
    dispose: () => {
      step.dispose();
      [x, target, ...model.parameters()].forEach((held) => held.dispose());
    },
  };
}
