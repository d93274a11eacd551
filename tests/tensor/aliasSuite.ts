import { describe, expect, it, type TestContext } from 'vitest';
import {
  ArgumentError,
  type Backend,
  capture,
  FreedTensorError,
  GradientError,
  linear,
  nn,
  noGrad,
  optim,
  scope,
  setDefaultDevice,
  type Tensor,
  tensor,
  WgradError,
} from '../../src/index.ts';

const read = async (x: Tensor | null): Promise<number[]> => Array.from(await x!.data());
const leaf = (...values: number[]): Tensor => tensor(values, { requiresGrad: true });

/** Adds `factor` to every element of the gradient of a parameter. */
const pull = (p: Tensor, factor: number): void => p.mul(factor).sum().backward();

/**
 * The rules of which tensors share memory, and what they see of each other's changes. The values are those of PyTorch 1.13,
 * but for two cases in which it reads what it has just written: a gradient that is handed to backward and belongs to one
 * of several leaves, and a state dict that exchanges two tensors.
 */
export function aliasSuite(open: (context: TestContext) => Promise<Backend>): void {
  const test = (name: string, body: () => void | Promise<void>): void =>
    it(name, async (context) => {
      setDefaultDevice(await open(context));
      await body();
    });

  /** A parameter whose gradient has memory of its own, or lies in an optimizer's buffer. */
  const kinds = {
    alone: (): Tensor => leaf(1, 2),
    'of an optimizer': (): Tensor => {
      const p = leaf(1, 2);
      new optim.SGD([leaf(9), p, leaf(9)], { lr: 1 });
      return p;
    },
  };

  describe.each(Object.entries(kinds))('the gradient of a parameter %s', (_, make) => {
    test('is seen by its handle and its views as backward adds to it', async () => {
      const p = make();
      pull(p, 3);
      const [handle, view] = [p.grad!, p.grad!.detach()];
      expect(p.grad).toBe(handle);
      pull(p, 3);
      expect([await read(handle), await read(view), await read(p.grad)]).toEqual([
        [6, 6],
        [6, 6],
        [6, 6],
      ]);
    });

    test('keeps its values in handles when the next one comes', async () => {
      const p = make();
      pull(p, 3);
      const [handle, view] = [p.grad!, p.grad!.slice([1, 2])];
      p.zeroGrad();
      expect(p.grad).toBeNull();
      pull(p, 5);
      pull(p, 5);
      expect([await read(handle), await read(view), await read(p.grad)]).toEqual([[3, 3], [3], [10, 10]]);
      expect(p.grad).not.toBe(handle);
    });

    test('stays when a handle is freed', async () => {
      const p = make();
      pull(p, 3);
      p.grad!.dispose();
      scope(() => p.grad!.detach());
      expect(await read(p.grad)).toEqual([3, 3]);
      pull(p, 3);
      expect(await read(p.grad)).toEqual([6, 6]);
    });

    test('can be handed to backward', async () => {
      const [p, q] = [make(), make()];
      pull(p, 3);
      p.mul(p).backward(p.grad);
      expect(await read(p.grad)).toEqual([3 + 2 * 3, 3 + 4 * 3]);
      p.zeroGrad();
      pull(p, 3);
      p.add(q).backward(p.grad);
      expect([await read(p.grad), await read(q.grad)]).toEqual([
        [6, 6],
        [3, 3],
      ]);
    });

    test('is changed in place by clipGradNorm', async () => {
      const p = make();
      pull(p, 3);
      const handle = p.grad!;
      optim.clipGradNorm([p], 0.3);
      expect(await read(handle)).toEqual(await read(p.grad));
      expect((await read(handle))[0]).toBeCloseTo(0.3 / Math.SQRT2, 4);
    });

    test('is not used by a graph after it has changed', async () => {
      const [p, x] = [make(), leaf(1, 1)];
      pull(p, 2);
      const changed = [() => pull(p, 2), () => void optim.clipGradNorm([p], 0.1)].map((change) => {
        const y = p.grad!.mul(x).mul(x).sum();
        change();
        return y;
      });
      for (const y of changed) expect(() => y.backward()).toThrow(GradientError);
      const [before] = await read(p.grad);
      const fine = p.grad!.mul(x).mul(x).sum();
      p.zeroGrad();
      pull(p, 7);
      fine.backward();
      expect((await read(x.grad))[0]).toBeCloseTo(2 * before!, 5);
    });
  });

  test('gradients of a step on a layer can use the gradients of others in the same buffer', async () => {
    const [a, b] = [new nn.Linear(2, 2, { bias: false }), new nn.Linear(2, 2, { bias: false })];
    new optim.SGD([...a.parameters(), ...b.parameters()], { lr: 1 });
    a.forward(tensor([[1, 2]]))
      .sum()
      .backward();
    b.forward(a.weight.grad!).sum().backward();
    expect([await read(a.weight.grad), await read(b.weight.grad)]).toEqual([
      [1, 2, 1, 2],
      [2, 4, 2, 4],
    ]);
    a.weight.zeroGrad();
    a.forward(b.weight.grad!).sum().backward();
    expect(await read(a.weight.grad)).toEqual([4, 8, 4, 8]);
  });

  test('a captured step leaves the values of earlier gradients to those who hold them', async () => {
    const p = leaf(1, 2);
    const optimizer = new optim.SGD([p], { lr: 0 });
    const step = capture((x: Tensor) => {
      optimizer.zeroGrad();
      const loss = p.mul(x).sum();
      loss.backward();
      optimizer.step();
      return p.grad!;
    });
    const held: Tensor[] = [];
    for (const x of [1, 2, 3, 4, 5]) {
      expect(await read(step(tensor([x])))).toEqual([x, x]);
      held.push(p.grad!.detach());
    }
    expect(await Promise.all(held.map(read))).toEqual([1, 2, 3, 4, 5].map((x) => [x, x]));
    await step.verify(tensor([6]));
    expect(await read(p.grad)).toEqual([6, 6]);
    step.dispose();
  });

  test('without an optimizer, a replay ends the handles on the gradients of the one before', async () => {
    const p = leaf(1, 2);
    const step = capture((x: Tensor) => {
      p.zeroGrad();
      p.mul(x).sum().backward();
    });
    for (const x of [1, 2, 3]) step(tensor([x]));
    const handle = p.grad!;
    expect(await read(handle)).toEqual([3, 3]);
    step(tensor([4]));
    expect(() => handle.add(1)).toThrow(FreedTensorError);
    expect(await read(p.grad)).toEqual([4, 4]);
    step.dispose();
  });

  test('a captured step that adds to gradients adds to the same handles', async () => {
    const p = leaf(1, 2);
    const optimizer = new optim.SGD([p], { lr: 1 });
    const step = capture((x: Tensor) => p.mul(x).sum().backward());
    for (let window = 0; window < 3; window++) {
      for (const x of [1, 2, 3]) step(tensor([x]));
      const handle = p.grad!;
      step(tensor([4]));
      expect([await read(handle), await read(p.grad)]).toEqual([
        [10, 10],
        [10, 10],
      ]);
      optimizer.zeroGrad();
    }
    step.dispose();
  });

  test('a captured step that adds to gradients is recorded for a leaf with and without one', async () => {
    const p = leaf(1, 2);
    const optimizer = new optim.SGD([p], { lr: 1 });
    const step = capture((x: Tensor) => p.mul(x).sum().backward());
    for (const x of [1, 2, 3]) {
      step(tensor([x]));
      expect(await read(p.grad)).toEqual([x, x]);
      optimizer.zeroGrad();
    }
    let sum = 0;
    for (const x of [1, 2, 3, 4]) {
      step(tensor([x]));
      sum += x;
      expect(await read(p.grad)).toEqual([sum, sum]);
    }
    expect(await step.verify(tensor([5]))).toBe(true);
    expect(await read(p.grad)).toEqual([sum + 5, sum + 5]);
    step.dispose();
  });

  test('a captured step whose results are its arguments can exchange them', async () => {
    const step = capture((x: Tensor, y: Tensor) => [y, x]);
    let [x, y] = [tensor([1, 1]), tensor([2, 2])] as [Tensor, Tensor];
    for (let call = 0; call < 6; call++) {
      [x, y] = step(x, y) as [Tensor, Tensor];
      expect([await read(x), await read(y)]).toEqual(
        call % 2 === 0
          ? [
              [2, 2],
              [1, 1],
            ]
          : [
              [1, 1],
              [2, 2],
            ],
      );
    }
    step.dispose();
  });

  test('views of a parameter follow it into the buffers of optimizers', async () => {
    const p = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    const [whole, part] = [p.detach(), noGrad(() => p.t().slice([1, 2]))];
    const loss = p.square().sum();
    const optimizer = new optim.SGD([leaf(9), p], { lr: 1 });
    loss.backward();
    optimizer.step();
    expect([await read(whole), await read(part)]).toEqual([
      [-1, -2, -3, -4],
      [-2, -4],
    ]);
    const later = p.detach();
    const next = new optim.SGD([p, leaf(9)], { lr: 1 });
    next.zeroGrad();
    pull(p, 10);
    next.step();
    expect([await read(whole), await read(part), await read(later)]).toEqual([
      [-11, -12, -13, -14],
      [-12, -14],
      [-11, -12, -13, -14],
    ]);
    expect(() => optimizer.step()).toThrow(WgradError);
  });

  test('a step on one parameter leaves the graphs of the others alone', async () => {
    const [a, b] = [leaf(2), leaf(3)];
    const optimizer = new optim.Adam([a, b], { lr: 1 });
    const ofA = a.square().sum();
    pull(b, 1);
    optimizer.step();
    ofA.backward();
    expect(await read(a.grad)).toEqual([4]);
    const again = a.square().sum();
    optimizer.step();
    expect(() => again.backward()).toThrow(GradientError);
  });

  test('loading one parameter leaves the graphs of the others alone', () => {
    const [a, b] = [new nn.Linear(1, 1), new nn.Linear(1, 1)];
    new optim.Adam([...a.parameters(), ...b.parameters()]);
    const ofA = a.weight.square().sum();
    b.loadStateDict({ weight: tensor([[5]]), bias: tensor([6]) });
    ofA.backward();
    const ofB = b.weight.square().sum();
    b.loadStateDict(b.stateDict());
    expect(() => ofB.backward()).toThrow(GradientError);
  });

  test('parameters that share memory are refused, as long as others hold it', () => {
    const base = tensor([1, 2, 3, 4]);
    const [first, second] = [base.slice([0, 2]), base.slice([2, 4])];
    first.requiresGrad = second.requiresGrad = true;
    expect(() => new optim.SGD([first, second])).toThrow(ArgumentError);
    const p = leaf(1, 2);
    const twin = p.detach();
    twin.requiresGrad = true;
    expect(() => new optim.SGD([p, twin])).toThrow(ArgumentError);
    second.dispose();
    base.dispose();
    expect(new optim.SGD([first]).lr).toBe(0.001);
  });

  test('parameters that were parts of larger memory keep their values in an optimizer, and train', async () => {
    const parts = [0, 1, 2].map((part) => {
      const base = tensor([1, 2, 3, 4, 5, 6]);
      const own = base.slice([2 * part, 2 * part + 2]);
      own.requiresGrad = true;
      base.dispose();
      return own;
    });
    const optimizer = new optim.SGD(parts, { lr: 1 });
    expect(await Promise.all(parts.map(read))).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    for (const part of parts) part.sum().backward();
    optimizer.step();
    expect(await Promise.all(parts.map(read))).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
  });

  test('state dicts of tensors in one buffer load, also where source and destination overlap', async () => {
    const [a, b] = [new nn.Linear(2, 2), new nn.Linear(2, 2)];
    a.loadStateDict({
      weight: tensor([
        [1, 2],
        [3, 4],
      ]),
      bias: tensor([5, 6]),
    });
    const optimizer = new optim.Adam([...a.parameters(), ...b.parameters()], { lr: 0.1 });
    a.loadStateDict(a.stateDict());
    expect([await read(a.weight), await read(a.bias!)]).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    b.loadStateDict(a.stateDict());
    expect([await read(b.weight), await read(b.bias!)]).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    a.loadStateDict(noGrad(() => ({ weight: a.weight.t(), bias: a.weight.slice([1, 2]).reshape([2]) })));
    expect([await read(a.weight), await read(a.bias!)]).toEqual([
      [1, 3, 2, 4],
      [3, 4],
    ]);
    pull(a.weight, 1);
    pull(b.weight, 2);
    optimizer.step();
    const { steps, tensors, paramGroups } = optimizer.stateDict();
    const means = async (): Promise<number[]> => {
      const own = optimizer.stateDict().tensors;
      return [(await read(own['exp_avg.0']!))[0]!, (await read(own['exp_avg.2']!))[0]!];
    };
    const [one, two] = await means();
    expect(one).not.toBe(two);
    optimizer.loadStateDict({ steps, tensors, paramGroups });
    expect(await means()).toEqual([one, two]);
    const exchanged = { ...tensors, 'exp_avg.0': tensors['exp_avg.2']!, 'exp_avg.2': tensors['exp_avg.0']! };
    optimizer.loadStateDict({ steps, tensors: exchanged, paramGroups });
    expect(await means()).toEqual([two, one]);
  });

  test('nothing is loaded into a tensor whose elements share memory', async () => {
    class Expanded extends nn.Module {
      readonly plain = tensor([1, 2]);
      readonly expanded = tensor([3]).expand([2]);
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const module = new Expanded();
    expect(() => module.loadStateDict({ plain: tensor([5, 6]), expanded: tensor([7, 8]) })).toThrow(
      ArgumentError,
    );
    expect(await read(module.plain)).toEqual([1, 2]);
  });

  test('an expanded axis of one element shares no memory, and can be loaded', async () => {
    class Expanded extends nn.Module {
      readonly row = tensor([[1, 2]]).expand([1, 2]);
      readonly one = tensor([3]).expand([1, 1]);
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const module = new Expanded();
    module.loadStateDict({ row: tensor([[5, 6]]), one: tensor([[7]]) });
    expect([await read(module.row), await read(module.one)]).toEqual([[5, 6], [7]]);
  });

  test('a layer that is used twice gets both gradients in its optimizer', async () => {
    const weight = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    const bias = tensor([5, 6], { requiresGrad: true });
    const pull = (): void => {
      const once = linear(tensor([[1, -1]]), weight, bias);
      linear(once, weight, bias).sum().backward();
    };
    pull();
    const wanted = [await read(weight.grad), await read(bias.grad)];
    const optimizer = new optim.SGD([weight, bias], { lr: 0 });
    for (let time = 0; time < 2; time++) {
      optimizer.zeroGrad();
      pull();
      expect([await read(weight.grad), await read(bias.grad)]).toEqual(wanted);
    }
    expect(wanted).toEqual([
      [8, 1, 10, -1],
      [5, 7],
    ]);
  });

  test('a step between scale and backward is noticed', () => {
    const [p, scaler] = [leaf(1), new optim.GradScaler()];
    const loss = scaler.scale(p.square().sum());
    scaler.update();
    expect(() => loss.backward()).toThrow(GradientError);
  });
}
