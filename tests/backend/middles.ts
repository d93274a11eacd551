import {
  autocast,
  type Backend,
  capture,
  dropout,
  manualSeed,
  nn,
  optim,
  setDefaultDevice,
  tensor,
  type Tensor,
  zeros,
} from '../../src/index.ts';
import { countedBatchNorm } from '../../src/ops/batchNorm.ts';
import { Meter } from '../../src/pipeline/training/meter.ts';
import { backwardPlaced, placed, placeGradient } from '../placed.ts';

/**
 * A use of kernels that is neither an operation nor its gradient. `lead` elements precede what it works on, in an
 * optimizer's buffers and elsewhere; the results are the same for all.
 */
export interface Program {
  name: string;
  run: (device: Backend, lead: number) => Promise<Tensor[]> | Tensor[];
}

function numbers(size: number, seed: number): Tensor {
  return tensor(Float32Array.from({ length: size }, (_, at) => Math.sin(seed + 2.3 * at)));
}

function leaf(size: number, seed: number): Tensor {
  const made = numbers(size, seed);
  made.requiresGrad = true;
  return made;
}

/** The tensor itself, or its values in the middle of a buffer; `index` is the number of the input. */
const from = (x: Tensor, lead: number, index: number = 0): Tensor =>
  lead === 0 ? x : placed(x, lead + index);

const slopes = (of: readonly Tensor[]): void =>
  of.forEach((each, index) => {
    each
      .mul(numbers(each.numel(), 4 + index))
      .sum()
      .backward();
  });

const optimizers: Record<string, (parameters: Tensor[]) => optim.Optimizer> = {
  SGD: (given) => new optim.SGD(given, { lr: 0.1, momentum: 0.9 }),
  Adam: (given) => new optim.Adam(given, { lr: 0.1 }),
  AdamW: (given) => new optim.AdamW(given, { lr: 0.1 }),
  Adagrad: (given) => new optim.Adagrad(given, { lr: 0.1, initialAccumulatorValue: 0.1 }),
  'Adam with amsgrad': (given) => new optim.Adam(given, { lr: 0.1, amsgrad: true }),
  NAdam: (given) => new optim.NAdam(given, { lr: 0.1 }),
  RAdam: (given) => new optim.RAdam(given, { lr: 0.1, betas: [0.5, 0.9] }),
  Lion: (given) => new optim.Lion(given, { lr: 0.1 }),
  RMSprop: (given) => new optim.RMSprop(given, { lr: 0.1, momentum: 0.9, centered: true }),
};

/** Steps of parameters, of which the first is apart from the others: one that has no gradient lies between them. */
function stepping(make: (parameters: Tensor[]) => optim.Optimizer, guarded: boolean) {
  return (_: Backend, lead: number): Tensor[] => {
    const [first, ...others] = [leaf(9, 1), leaf(21, 2), leaf(6, 3)] as const;
    const optimizer = make(lead === 0 ? [first, ...others] : [first, leaf(lead, 7), ...others]);
    const scaler = guarded ? new optim.GradScaler({ initScale: 4 }) : undefined;
    for (let step = 0; step < 3; step++) {
      optimizer.zeroGrad();
      slopes([first, ...others]);
      if (scaler) {
        scaler.step(optimizer);
        scaler.update();
      } else optimizer.step();
    }
    const state = Object.entries(optimizer.stateDict().tensors)
      .filter(([name]) => lead === 0 || !name.endsWith('.1'))
      .map(([, each]) => each);
    return [...[first, ...others].flatMap((each) => [each.detach(), each.grad!.detach()]), ...state];
  };
}

export const programs: readonly Program[] = [
  ...Object.entries(optimizers).flatMap(([name, make]) => [
    { name: `steps of ${name}`, run: stepping(make, false) },
    { name: `guarded steps of ${name}`, run: stepping(make, true) },
  ]),
  ...[1, 2, 3, Infinity].map((normType) => ({
    name: `clipping by the ${normType}-norm`,
    run: (_: Backend, lead: number): Tensor[] => {
      const [other, clipped, alone] = [leaf(9, 1), leaf(21, 2), leaf(5, 3)];
      if (lead > 0) new optim.SGD([other, leaf(lead, 7), clipped]);
      slopes([other, clipped, alone]);
      const norm = optim.clipGradNorm([clipped, alone], 0.5, { normType });
      return [norm, ...[other, clipped, alone].map((each) => each.grad!.detach())];
    },
  })),
  {
    name: 'a gradient that is added to another',
    run: (_, lead) => {
      const x = leaf(13, 1);
      if (lead > 0) placeGradient(x, lead);
      x.mul(2).sum().backward();
      if (lead === 0) x.backward(numbers(13, 2));
      else backwardPlaced(x, numbers(13, 2));
      return [x.grad!.detach()];
    },
  },
  {
    name: 'the meter of a training',
    run: async (device, lead) => {
      const meter = new Meter(device, 2);
      // All are hits, so that wrong rows or labels lose some.
      const classes = [0, 2, 1, 0, 2];
      const labels = tensor(classes, { dtype: 'int32' });
      const logits = tensor(classes.map((each) => [0, 1, 2].map((at) => Number(at === each))));
      for (const loss of [0.25, 0.5])
        meter.add({
          loss: from(tensor(loss), lead, 2),
          classified: { logits: from(logits, lead), labels: from(labels, lead, 1) },
        });
      const { losses, correct } = await meter.read();
      return [tensor(Float32Array.of(...losses, correct))];
    },
  },
  {
    name: 'the meter of a training without classes',
    run: async (device, lead) => {
      const meter = new Meter(device, 3, 2);
      for (const loss of [0.25, 0.5])
        meter.add({
          loss: from(tensor(loss), lead, 2),
          terms: [from(tensor(2 * loss), lead, 1), from(tensor(3 * loss), lead, 3)],
        });
      const { losses, terms } = await meter.read();
      return [tensor(Float32Array.of(...losses, ...terms.flatMap((each) => [...each])))];
    },
  },
  {
    name: 'the batches that batch norm counts',
    run: (_, lead) => {
      const [mean, variance] = [from(numbers(3, 1), lead), from(numbers(3, 2), lead, 1)];
      const batches = from(tensor([4], { dtype: 'int32' }), lead, 2);
      const x = numbers(240, 3).reshape([4, 3, 4, 5]);
      countedBatchNorm(x, mean, variance, batches, { training: true, momentum: null });
      return [mean, variance, batches];
    },
  },
  {
    name: 'the gradient of a relu, and its sums',
    run: (device, lead) => {
      const [y, gradient] = [from(numbers(15, 1).relu(), lead), from(numbers(15, 2), lead, 1)];
      const [out, sums] = [zeros([15]), zeros([5 + lead])];
      const sizes = { rows: 3, columns: 5, chunk: 3 };
      device.run(
        'reluGradientSums',
        {
          y: y.storage.buffer,
          gradient: gradient.storage.buffer,
          out: out.storage.buffer,
          sums: sums.storage.buffer,
        },
        { ...sizes, yOffset: y.offset, gradientOffset: gradient.offset, sumsOffset: lead },
      );
      return [out, sums.slice([lead, null])];
    },
  },
  {
    name: 'dropout',
    run: (_, lead) => {
      manualSeed(3);
      return [dropout(from(numbers(37, 1), lead))];
    },
  },
  {
    name: 'rounding to float16',
    run: (device, lead) => {
      if (!device.supports('float16')) return [];
      const [x, w] = [
        from(numbers(15, 1).reshape([3, 5]), lead),
        from(numbers(20, 2).reshape([5, 4]), lead, 1),
      ];
      const half = from(numbers(7, 3), lead).to('float16');
      return [autocast('float16', () => x.matmul(w)), half.slice([1, null]).clone().to('float32')];
    },
  },
  {
    name: 'bytes as numbers',
    run: (_, lead) => {
      const bytes = Uint8Array.from({ length: lead + 11 }, (_, at) => (at < lead ? 255 : 20 * (at - lead)));
      const view = tensor(bytes).slice([lead, null]);
      return [view.to('float32'), view.to('int32'), view.to('bool'), view];
    },
  },
  {
    name: 'arguments of a captured step',
    run: (_, lead) => {
      const step = capture((x: Tensor) => x.mul(2));
      let found: Tensor | undefined;
      for (let call = 0; call < 3; call++) found = step(from(numbers(9, call), lead));
      return [found!];
    },
  },
  {
    name: 'a state that is loaded',
    run: (_, lead) => {
      const layer = new nn.Linear(3, 2);
      new optim.SGD(layer.parameters());
      layer.loadStateDict({
        weight: from(numbers(6, 1).reshape([2, 3]), lead),
        bias: from(numbers(2, 2), lead, 1),
      });
      return layer.parameters().map((each) => each.detach());
    },
  },
];

/** What a program computes, one list for each of its tensors. */
export async function resultsOf({ run }: Program, device: Backend, lead: number): Promise<number[][]> {
  setDefaultDevice(device);
  const tensors = await run(device, lead);
  return Promise.all(tensors.map(async (each) => Array.from(await each.data())));
}
