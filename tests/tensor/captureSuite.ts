import { expect, it, type TestContext } from 'vitest';
import {
  type Backend,
  capture,
  CaptureError,
  crossEntropy,
  DeviceError,
  FreedTensorError,
  manualSeed,
  nn,
  ones,
  open as openDevice,
  optim,
  rand,
  randint,
  scope,
  setDefaultDevice,
  type Tensor,
  tensor,
} from '../../src/index.ts';

type Open = (context: TestContext) => Promise<Backend>;

interface Network {
  model: nn.Module;
  optimizer: optim.Optimizer;
  step: (images: Tensor, labels: Tensor) => Tensor;
}

/** A small network with dropout and batch norm, and its step. */
function network(make: (parameters: Tensor[]) => optim.Optimizer): Network {
  manualSeed(5);
  const model = new nn.Sequential(
    new nn.Conv2d(1, 3, 3, { padding: 1 }),
    new nn.BatchNorm2d(3),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(27, 12),
    new nn.ReLU(),
    new nn.Dropout(0.3),
    new nn.Linear(12, 4),
  );
  const optimizer = make(model.parameters());
  const step = (images: Tensor, labels: Tensor): Tensor => {
    optimizer.zeroGrad();
    const loss = crossEntropy(model.forward(images), labels);
    loss.backward();
    optim.clipGradNorm(model.parameters(), 1);
    optimizer.step();
    return loss;
  };
  return { model, optimizer, step };
}

/** Losses and final weights of some steps, on other images and at another rate each time. */
export async function course(
  make: (parameters: Tensor[]) => optim.Optimizer,
  captured: boolean,
): Promise<number[]> {
  const { model, optimizer, step } = network(make);
  const take = captured ? capture(step) : step;
  const numbers: number[] = [];
  for (let index = 0; index < 7; index++) {
    optimizer.lr = 0.02 / (index + 1);
    const size = index === 3 ? 2 : 5;
    const images = rand([size, 1, 7, 6], { seed: 9, stream: index });
    const labels = randint(0, 4, [size], { seed: 9, stream: index });
    numbers.push(await scope(() => take(images, labels)).item());
  }
  for (const each of Object.values(model.stateDict())) numbers.push(...(await each.data()));
  return numbers;
}

export const optimizers: [string, (parameters: Tensor[]) => optim.Optimizer][] = [
  ['Adam', (parameters) => new optim.Adam(parameters, { weightDecay: 0.01 })],
  ['AdamW, maximising', (parameters) => new optim.AdamW(parameters, { maximize: true })],
  ['SGD with momentum', (parameters) => new optim.SGD(parameters, { momentum: 0.9, dampening: 0.1 })],
  ['Adam with amsgrad', (parameters) => new optim.Adam(parameters, { amsgrad: true })],
  ['Adagrad', (parameters) => new optim.Adagrad(parameters, { lrDecay: 0.1 })],
  ['NAdam', (parameters) => new optim.NAdam(parameters)],
  ['RAdam', (parameters) => new optim.RAdam(parameters, { betas: [0.5, 0.8] })],
  ['Lion', (parameters) => new optim.Lion(parameters)],
  ['RMSprop, centred', (parameters) => new optim.RMSprop(parameters, { centered: true, momentum: 0.5 })],
];

/**
 * What capture promises on a device.
 *
 * @param openOwn opens a device of the test's own: its counts are not disturbed by what other tests leave to be collected
 */
export function captureSuite(open: Open, openOwn: Open): void {
  const device = async (context: TestContext, opener: Open = open): Promise<Backend> => {
    const opened = await opener(context);
    setDefaultDevice(opened);
    return opened;
  };

  it.for(optimizers)('replays to the same bits as the step itself: %s', async ([, make], context) => {
    await device(context);
    expect(await course(make, true)).toEqual(await course(make, false));
  });

  it('creates, uploads and reads nothing in replay, and takes few submits', async (context) => {
    const backend = await device(context, openOwn);
    const { step } = network((parameters) => new optim.Adam(parameters));
    const take = capture(step);
    const [images, labels] = [rand([5, 1, 7, 6]), randint(0, 4, [5])];
    const steps = (count: number): void => {
      for (let index = 0; index < count; index++) scope(() => void take(images, labels));
    };
    steps(4);
    await backend.synchronize();
    const before = backend.stats();
    steps(50);
    await backend.synchronize();
    const after = backend.stats();
    for (const key of [
      'buffersCreated',
      'bindGroupsCreated',
      'pipelinesCreated',
      'bytesUploaded',
      'bytesRead',
      'bytesAlive',
      'buffersAlive',
    ] as const) {
      expect([key, after[key]]).toEqual([key, before[key]]);
    }
    expect(after.submits - before.submits).toBeLessThan(50);
  });

  it('takes 14 launches for a step of an MLP with two hidden layers', async (context) => {
    const backend = await device(context, openOwn);
    const layers = [
      new nn.Linear(12, 8),
      new nn.ReLU(),
      new nn.Linear(8, 6),
      new nn.ReLU(),
      new nn.Linear(6, 4),
    ];
    const model = new nn.Sequential(...layers);
    const optimizer = new optim.Adam(model.parameters());
    const [images, labels] = [rand([5, 12]), randint(0, 4, [5])];
    const take = capture(() => {
      crossEntropy(model.forward(images), labels).backward();
      optimizer.step();
      optimizer.zeroGrad();
    });
    for (let index = 0; index < 3; index++) take();
    const before = backend.stats().dispatches;
    take();
    expect(backend.stats().dispatches - before).toBe(14);
  });

  it('gives back its memory, and nobody else gets it before', async (context) => {
    const backend = await device(context, openOwn);
    const [w, x] = [ones([100]), rand([100])];
    // Numbers in operations become tensors that stay.
    scope(() => void x.mul(5).add(1).sub(3));
    const before = backend.stats().bytesAlive;
    const take = capture((input: Tensor) => input.mul(w).exp().add(1));
    const results = [];
    for (let index = 0; index < 3; index++) results.push(take(x));
    const reference = scope(() => x.mul(w).exp().add(1));
    const expected = await reference.data();
    reference.dispose();
    for (const result of results) result.dispose();
    // What eager launches take meanwhile is not the recording's.
    scope(() => void x.mul(5).add(w).exp().sub(3));
    const last = take(x);
    expect(await last.data()).toEqual(expected);
    last.dispose();
    expect(backend.stats().bytesAlive).toBeGreaterThan(before);
    take.dispose();
    expect(backend.stats().bytesAlive).toBe(before);
  });

  it('takes arguments of other shapes and values as cases of their own', async (context) => {
    await device(context);
    let runs = 0;
    const take = capture((x: Tensor, factor: number) => {
      runs++;
      return x.mul(factor);
    });
    for (let round = 0; round < 4; round++) {
      for (const [length, factor] of [
        [2, 3],
        [3, 3],
        [2, 4],
      ] as const) {
        const x = tensor(Array.from({ length }, (_, index) => index + round));
        expect([...(await take(x, factor).data())]).toEqual(
          Array.from({ length }, (_, index) => (index + round) * factor),
        );
      }
    }
    expect(runs).toBe(6);
  });

  it('records anew when modules change their mode, and keeps gradients apart', async (context) => {
    await device(context);
    const drop = new nn.Dropout(0.5);
    const x = ones([64]);
    const take = capture(() => drop.forward(x).sum());
    const values: number[] = [];
    for (let index = 0; index < 9; index++) {
      drop.train(index < 4 || index > 6);
      values.push(await take().item());
    }
    expect(values.slice(4, 7)).toEqual([64, 64, 64]);
    expect(new Set(values.slice(0, 4)).size).toBeGreaterThan(1);

    const w = tensor([1, 2], { requiresGrad: true });
    const accumulate = capture(() => w.square().sum().backward());
    for (let index = 1; index <= 5; index++) {
      accumulate();
      expect([...(await w.grad!.data())]).toEqual([2 * index, 4 * index]);
    }
    w.zeroGrad();
    for (let index = 1; index <= 3; index++) {
      accumulate();
      expect([...(await w.grad!.data())]).toEqual([2 * index, 4 * index]);
    }
  });

  const x = (): Tensor => ones([2]);
  it.for<[string, () => (x: Tensor) => unknown, RegExp]>([
    ['item()', () => (x) => void x.sum().item(), /item\(\) inside a captured step would be frozen/],
    ['data()', () => (x) => void x.data(), /data\(\) inside/],
    ['host data', () => (x) => x.add(tensor([1, 2])), /an upload from the host/],
    ['a number returned', () => () => 3, /returns number 3/],
    [
      'a tensor that is kept',
      () => {
        const kept: Tensor[] = [];
        return (x) => void kept.push(scope(() => x.exp()).alias(false));
      },
      /creates a tensor and keeps it/,
    ],
  ])('refuses what would be frozen: %s', async ([, make, message], context) => {
    const backend = await device(context);
    const take = capture(make() as (x: Tensor) => undefined);
    const input = x();
    await backend.synchronize();
    take(input);
    expect(() => take(input)).toThrow(CaptureError);
    expect(() => take(input)).toThrow(message);
    // The device goes on as if nothing had happened.
    expect([...(await input.add(1).data())]).toEqual([2, 2]);
  });

  it('refuses a refusal that the step swallows', async (context) => {
    await device(context);
    const take = capture((x: Tensor) => {
      try {
        return x.add(tensor([1, 2]));
      } catch {
        return x.add(1);
      }
    });
    take(x());
    expect(() => take(x())).toThrow(CaptureError);
  });

  it('fails as the step itself does when what it works on is freed', async (context) => {
    await device(context);
    const w = ones([2]);
    const take = capture((x: Tensor) => x.add(w));
    for (let index = 0; index < 3; index++) take(x());
    w.dispose();
    expect(() => take(x())).toThrow(FreedTensorError);
    expect(() => take(x())).toThrow(/A freed tensor float32\[2\] was used/);
  });

  it('verify finds a host value that was frozen, and leaves the state of the step itself', async (context) => {
    await device(context);
    const state = tensor([1, 2], { requiresGrad: true });
    const optimizer = new optim.SGD([state], { lr: 1 });
    let factor = 2;
    const take = capture(() => {
      state.mul(factor).sum().backward();
      optimizer.step();
      optimizer.zeroGrad();
    });
    for (let index = 0; index < 3; index++) take();
    expect(await take.verify()).toBe(true);
    expect([...(await state.data())]).toEqual([-7, -6]);
    factor = 3;
    await expect(take.verify()).rejects.toThrow(/the replay and the step itself differ in a buffer/);
    expect([...(await state.data())]).toEqual([-10, -9]);
  });

  it('leaves nothing behind where it does not record', async (context) => {
    const backend = await device(context, openOwn);
    const input = ones([50]);
    scope(() => void input.mul(2).add(1));
    const before = backend.stats().buffersAlive;
    const take = capture((x: Tensor) => x.mul(2).add(1));
    expect(await take.verify(input)).toBe(false);
    expect(backend.stats().buffersAlive).toBe(before);
    take.dispose();
    let fails = false;
    const failing = capture((x: Tensor) => {
      const result = x.mul(2).add(1);
      if (fails) throw new Error('within');
      return result;
    });
    failing(input).dispose();
    fails = true;
    for (let call = 0; call < 3; call++) expect(() => failing(input)).toThrow('within');
    failing.dispose();
    const unread = capture((x: Tensor) => ({ sum: x.mul(2), value: 3 }));
    for (let call = 0; call < 3; call++) {
      try {
        unread(input).sum.dispose();
      } catch (error) {
        expect(String(error)).toContain('the step returns number 3');
      }
    }
    unread.dispose();
    expect(backend.stats().buffersAlive).toBe(before);
  });

  it('verify names the first element that differs, and both values', async (context) => {
    await device(context);
    let factor = 2;
    const take = capture((x: Tensor) => x.mul(factor));
    const x = tensor([0, 0, 5, 7]);
    for (let index = 0; index < 3; index++) take(x);
    expect(await take.verify(x)).toBe(true);
    expect(await take.verify(ones([2]))).toBe(false);
    factor = 3;
    await expect(take.verify(x)).rejects.toThrow(/: element 2 is 10 in the replay and 15 in the step\./);
  });

  it('a result of a graph that backward has used is a value', async (context) => {
    await device(context);
    const w = tensor([1, 2], { requiresGrad: true });
    const head = tensor([3], { requiresGrad: true });
    const take = capture((x: Tensor) => {
      w.zeroGrad();
      const loss = w.mul(x).sum();
      loss.backward();
      return loss;
    });
    for (let index = 1; index < 5; index++) {
      const loss = take(tensor([index, 1]));
      expect(loss.requiresGrad).toBe(false);
      head.zeroGrad();
      loss.mul(head).sum().backward();
      expect(await head.grad!.item()).toBe(index + 2);
    }
  });

  it('takes arguments of its device only, of dtypes that it can copy', async (context) => {
    const here = await device(context);
    const take = capture((x: Tensor) => x.to('float32').mul(2));
    for (const dtype of ['float32', 'int32', 'bool'] as const) take(ones([2], { dtype }));
    const bytes = tensor(Uint8Array.of(1, 2));
    const halves = here.supports('float16') ? [ones([2]).to('float16')] : [];
    for (const x of [bytes, ...halves]) {
      for (let index = 0; index < 2; index++)
        expect(() => take(x)).toThrow(/an argument is (uint8|float16)\[2\]/);
    }
    const there = await openDevice('cpu');
    const elsewhere = capture((x: Tensor) => x.mul(2), { device: there });
    for (let index = 0; index < 2; index++) expect(() => elsewhere(ones([2]))).toThrow(DeviceError);
    expect(elsewhere(ones([2], { device: there })).device).toBe(there);
    expect(here).not.toBe(there);
  });
}
