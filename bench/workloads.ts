import { evaluationFlops, type Network, trainingFlops } from './networks.ts';

/** out[m, n] = A · B, with A [m, k] and B [k, n], each lying in memory as it is or transposed. */
export interface MatmulWorkload {
  readonly kind: 'matmul';
  readonly name: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** A convolution with filters of 3 × 3, padded by 1, or one of its gradients. */
export interface ConvolutionWorkload {
  readonly kind: 'conv2d';
  readonly name: string;
  readonly pass: 'forward' | 'inputGradient' | 'weightGradient';
  readonly batch: number;
  readonly channels: number;
  readonly outChannels: number;
  readonly side: number;
}

/** Max pooling of 2 × 2, or its gradient. */
export interface PoolingWorkload {
  readonly kind: 'maxPool2d';
  readonly name: string;
  readonly pass: 'forward' | 'backward';
  readonly batch: number;
  readonly channels: number;
  readonly side: number;
}

/** The mean cross-entropy of softmax(logits [rows, classes]), and its gradient in the logits. */
export interface LossWorkload {
  readonly kind: 'crossEntropy';
  readonly name: string;
  readonly rows: number;
  readonly classes: number;
}

/** Training steps on one batch: forward, backward, Adam. */
export interface TrainingWorkload {
  readonly kind: 'training';
  readonly name: string;
  readonly network: Network;
  readonly batch: number;
  /** Units of the first hidden layer of the MLP. */
  readonly width: number;
}

/** Forward passes over 10,000 images in batches, without gradients. */
export interface EvaluationWorkload extends Omit<TrainingWorkload, 'kind'> {
  readonly kind: 'evaluation';
  readonly batches: number;
}

/** Work of a whole network. */
export type NetworkWorkload = TrainingWorkload | EvaluationWorkload;

export type Workload =
  MatmulWorkload | ConvolutionWorkload | PoolingWorkload | LossWorkload | NetworkWorkload;

export const MLP_WIDTH = 256;

function matmul(m: number, k: number, n: number, form: '' | 'tn' | 'nt' = ''): MatmulWorkload {
  const [a, b] = [form === 'tn' ? 'ᵀ' : '', form === 'nt' ? 'ᵀ' : ''];
  const name = m === k && k === n ? `matmul ${m}³` : `matmul ${m}×${k}${a} · ${k}×${n}${b}`;
  return { kind: 'matmul', name, m, k, n, transposeA: form === 'tn', transposeB: form === 'nt' };
}

function convolutions(channels: number, outChannels: number, side: number): ConvolutionWorkload[] {
  const labels = {
    forward: 'forward',
    inputGradient: 'input gradient',
    weightGradient: 'weight gradient',
  } as const;
  return (['forward', 'inputGradient', 'weightGradient'] as const).map((pass) => ({
    kind: 'conv2d',
    name: `conv2d 64×${channels}×${side}×${side}→${outChannels} ${labels[pass]}`,
    pass,
    batch: 64,
    channels,
    outChannels,
    side,
  }));
}

function pooling(channels: number, side: number): PoolingWorkload[] {
  return (['forward', 'backward'] as const).map((pass) => ({
    kind: 'maxPool2d',
    name: `max pool 64×${channels}×${side}×${side} ${pass}`,
    pass,
    batch: 64,
    channels,
    side,
  }));
}

function crossEntropy(rows: number, classes: number): LossWorkload {
  return { kind: 'crossEntropy', name: `cross-entropy ${rows}×${classes} with gradient`, rows, classes };
}

export function training(
  network: Network,
  batch: number = network === 'mlp' ? 128 : 64,
  width: number = MLP_WIDTH,
): TrainingWorkload {
  const size = width === MLP_WIDTH ? '' : `, width ${width}`;
  return {
    kind: 'training',
    name: `${network.toUpperCase()} step, batch ${batch}${size}`,
    network,
    batch,
    width,
  };
}

export function evaluation(network: Network): EvaluationWorkload {
  const [batch, batches] = [500, 20];
  return {
    kind: 'evaluation',
    name: `${network.toUpperCase()} evaluation, 10,000 images`,
    network,
    batch,
    width: MLP_WIDTH,
    batches,
  };
}

/** Training steps and evaluations, then what they are made of, by size. */
export const WORKLOADS: readonly Workload[] = [
  training('mlp'),
  training('cnn'),
  evaluation('mlp'),
  evaluation('cnn'),
  ...[256, 512, 1024, 2048].map((side) => matmul(side, side, side)),
  // A dense layer: y = x · Wᵀ, the gradient in x, and that in W. W lies in memory as [outputs, inputs].
  ...[
    [128, 784, 256],
    [128, 256, 128],
    [64, 3136, 128],
  ].flatMap(([batch, inputs, outputs]) => [
    matmul(batch!, inputs!, outputs!, 'nt'),
    matmul(batch!, outputs!, inputs!),
    matmul(outputs!, batch!, inputs!, 'tn'),
  ]),
  ...convolutions(1, 32, 28),
  ...convolutions(32, 64, 14),
  ...pooling(32, 28),
  crossEntropy(128, 10),
  crossEntropy(10_000, 1000),
];

/** What only a real GPU does in reasonable time; measured where there is one. */
export const GPU_WORKLOADS: readonly Workload[] = [matmul(4096, 4096, 4096)];

/** How the cost of a step grows: with the batch, and with the width of the MLP. The usual sizes are measured anyway. */
export const GROWTH: readonly TrainingWorkload[] = [
  ...[16, 64, 256, 1024].map((batch) => training('mlp', batch)),
  ...[16, 256, 1024].map((batch) => training('cnn', batch)),
  ...[64, 512, 1024, 2048].map((width) => training('mlp', 128, width)),
];

/** Floating-point operations that the mathematics takes, an addition and a multiplication counted each. */
export function flopsOf(workload: Workload): number | undefined {
  switch (workload.kind) {
    case 'matmul':
      return 2 * workload.m * workload.n * workload.k;
    case 'conv2d': {
      const { batch, channels, outChannels, side } = workload;
      return 2 * 9 * batch * channels * outChannels * side * side;
    }
    case 'training':
      return trainingFlops(workload);
    case 'evaluation':
      return evaluationFlops(workload);
    default:
      return undefined;
  }
}
