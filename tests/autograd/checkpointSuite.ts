import { expect, it, type TestContext } from 'vitest';
import {
  ArgumentError,
  autocast,
  autograd,
  type Backend,
  capture,
  grad,
  GradientError,
  manualSeed,
  nn,
  noGrad,
  optim,
  rand,
  randn,
  scope,
  setDefaultDevice,
  type Tensor,
  tensor,
  WgradError,
} from '../../src/index.ts';

type Open = (context: TestContext) => Promise<Backend>;
type Run = <R extends autograd.CheckpointResult>(fn: (...args: Tensor[]) => R, ...args: Tensor[]) => R;

const plainly: Run = (fn, ...args) => fn(...args);
const bits = async (x: Tensor): Promise<string> =>
  Buffer.from((await x.data()).slice().buffer).toString('hex');

function block(width: number): nn.Sequential {
  return new nn.Sequential(
    new nn.Linear(width, width),
    new nn.BatchNorm1d(width),
    new nn.Tanh(),
    new nn.Dropout(0.3),
  );
}

/** What `checkpoint` promises on a device. */
export function checkpointSuite(open: Open, openOwn: Open): void {
  const device = async (context: TestContext, opener: Open = open): Promise<Backend> => {
    const opened = await opener(context);
    setDefaultDevice(opened);
    return opened;
  };

  /** Losses, weights and running statistics of a training with dropout and batch norm. */
  async function training(run: Run, captured: boolean): Promise<string[]> {
    manualSeed(3);
    const blocks = [block(6), block(6), block(6)];
    const model = new nn.Sequential(...blocks);
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
    const body = (x: Tensor): Tensor => {
      optimizer.zeroGrad();
      let hidden = x;
      for (const each of blocks) hidden = run((h) => each.forward(h).add(randn(1)), hidden);
      const loss = hidden.square().mean();
      loss.backward();
      optimizer.step();
      return loss;
    };
    const take = captured ? capture(body) : body;
    const found: string[] = [];
    for (let step = 0; step < 5; step++) {
      const loss = scope(() => take(rand([4, 6], { seed: 1, stream: step })).detach());
      found.push(await bits(loss));
    }
    for (const each of Object.values(model.stateDict())) found.push(await bits(each));
    found.push(await bits(rand(2)));
    return found;
  }

  it('trains to the bits of the plain function, with dropout and batch norm, also captured', async (context) => {
    await device(context);
    const wanted = await training(plainly, false);
    expect(await training(autograd.checkpoint, false)).toEqual(wanted);
    expect(await training(plainly, true)).toEqual(wanted);
    expect(await training(autograd.checkpoint, true)).toEqual(wanted);
    const nested: Run = (fn, ...args) =>
      autograd.checkpoint((...outer: Tensor[]) => autograd.checkpoint(fn, ...outer), ...args);
    expect(await training(nested, false)).toEqual(wanted);
    expect(await training(nested, true)).toEqual(wanted);
  });

  it('gives gradients to arguments and to tensors from outside, whatever the order', async (context) => {
    await device(context);
    const results = async (run: Run): Promise<string[]> => {
      const [x, w] = [
        tensor([0.5, -1, 2], { requiresGrad: true }),
        tensor([1, 2, 3], { requiresGrad: true }),
      ];
      const hidden = w.mul(x).sin();
      const y = run((a, b) => a.mul(b).add(hidden).mul(w).exp(), x, x);
      y.mul(hidden).sum().backward();
      return Promise.all([y, x.grad!, w.grad!].map(bits));
    };
    expect(await results(autograd.checkpoint)).toEqual(await results(plainly));
  });

  it('returns lists, also of results that backward does not reach', async (context) => {
    await device(context);
    const results = async (run: Run, used: number[]): Promise<string[]> => {
      const x = tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { requiresGrad: true },
      );
      const all = run((a) => [a.square(), a.sum(0), a.mean()], x);
      expect(all.map(({ shape }) => shape)).toEqual([[2, 2], [2], []]);
      used
        .map((at) => all[at]!.exp().sum())
        .reduce((sum, each) => sum.add(each))
        .backward();
      return Promise.all([...all, x.grad!].map(bits));
    };
    for (const used of [[0, 1, 2], [1], [2, 0]]) {
      expect(await results(autograd.checkpoint, used)).toEqual(await results(plainly, used));
    }
  });

  it('has second derivatives', async (context) => {
    await device(context);
    const results = async (run: Run): Promise<string[]> => {
      const x = tensor([0.5, -1, 2], { requiresGrad: true });
      const w = tensor([1, 2, 3], { requiresGrad: true });
      const y = run((a) => a.pow(3).mul(w).sin(), x.mul(2));
      const [first] = grad(y.sum(), [x], { createGraph: true });
      const second = grad(first.square().sum(), [x, w], { createGraph: true });
      second[0].sum().backward();
      return Promise.all([first, ...second, x.grad!, w.grad!].map(bits));
    };
    expect(await results(autograd.checkpoint)).toEqual(await results(plainly));
  });

  it('calls hooks once, and runs again for each backward', async (context) => {
    await device(context);
    const x = tensor([1, 2], { requiresGrad: true });
    const hidden = x.mul(3);
    let [hooks, runs] = [0, 0];
    for (const each of [x, hidden]) {
      each.registerHook(() => {
        hooks++;
        return undefined;
      });
    }
    const y = autograd
      .checkpoint((a) => {
        runs++;
        return a.mul(hidden);
      }, x)
      .sum();
    y.backward({ retainGraph: true });
    expect([hooks, runs]).toEqual([2, 2]);
    expect(await x.grad!.toArray()).toEqual([6, 12]);
    y.backward();
    expect([hooks, runs]).toEqual([4, 3]);
    expect(await x.grad!.toArray()).toEqual([12, 24]);
    expect(() => y.backward()).toThrow(/freed/);
  });

  it('runs again with the autocast and the random numbers of the first run, and leaves the state alone', async (context) => {
    const opened = await device(context);
    const half = opened.supports('float16') ? 'float16' : 'float32';
    const results = async (run: Run): Promise<string[]> => {
      manualSeed(5);
      const x = rand([8, 8], { seed: 1, requiresGrad: true });
      const y = autocast(half, () => run((a) => a.matmul(a).dropout(0.5).mul(rand(8)), x));
      manualSeed(9);
      y.sum().backward();
      return Promise.all([y, x.grad!, rand(3)].map(bits));
    };
    expect(await results(autograd.checkpoint)).toEqual(await results(plainly));
  });

  it('keeps fewer bytes alive', async (context) => {
    const opened = await device(context, openOwn);
    const layers = Array.from({ length: 4 }, () => new nn.Linear(64, 64));
    const deep = (h: Tensor): Tensor => layers.reduce((each, layer) => layer.forward(each).sin().exp(), h);
    const kept = (run: Run): number =>
      scope(() => {
        const { bytesAlive } = opened.stats();
        let hidden = rand([256, 64], { requiresGrad: true });
        for (let at = 0; at < 3; at++) hidden = scope(() => run(deep, hidden));
        const held = opened.stats().bytesAlive - bytesAlive;
        hidden.sum().backward();
        return held;
      });
    const activation = 4 * 256 * 64;
    const [plain, less] = [kept(plainly), kept(autograd.checkpoint)];
    // The input, and the result of each checkpoint.
    expect(less).toBe(4 * activation);
    // The input, and two results of each layer.
    expect(plain).toBe(25 * activation);
  });

  it('needs less memory in a captured step', async (context) => {
    const opened = await device(context, openOwn);
    const peak = (run: Run): number => {
      const before = opened.stats().bytesAlive;
      const layers = Array.from({ length: 12 }, () => new nn.Linear(32, 32));
      const part = (from: number) => (h: Tensor) =>
        layers.slice(from, from + 4).reduce((each, layer) => layer.forward(each).sin().exp().sin(), h);
      const train = capture((x: Tensor) => {
        for (const layer of layers) layer.zeroGrad();
        let hidden = x;
        for (const from of [0, 4, 8]) hidden = run(part(from), hidden);
        hidden.sum().backward();
      });
      const x = rand([512, 32]);
      for (let call = 0; call < 3; call++) train(x);
      const used = opened.stats().bytesAlive - before;
      train.dispose();
      x.dispose();
      for (const layer of layers) layer.dispose();
      return used;
    };
    const [plain, less] = [peak(plainly), peak(autograd.checkpoint)];
    expect(less).toBeLessThan(plain / 2);
  });

  it('without gradients it is the function itself', async (context) => {
    await device(context);
    let runs = 0;
    const twice = (a: Tensor): Tensor => {
      runs++;
      return a.mul(2);
    };
    const x = tensor([1], { requiresGrad: true });
    expect(noGrad(() => autograd.checkpoint(twice, x)).requiresGrad).toBe(false);
    expect(autograd.checkpoint(twice, x.detach()).requiresGrad).toBe(false);
    expect(runs).toBe(2);
    const same = autograd.checkpoint((a) => a, x);
    same.mul(3).sum().backward();
    expect(await x.grad!.toArray()).toEqual([3]);
    expect(autograd.checkpoint((a) => a.argmax(0), x).dtype).toBe('int32');
  });

  it('refuses what it cannot run again', async (context) => {
    await device(context);
    const x = tensor([1, 2], { requiresGrad: true });
    const loose = autograd.checkpoint as (...args: unknown[]) => Tensor;
    for (const fn of [undefined, null, 3, x]) expect(() => loose(fn, x)).toThrow(ArgumentError);
    for (const result of [undefined, 3, [], [x, 3], [x.detach(), tensor([1], { dtype: 'int32' })], {}]) {
      expect(() => loose(() => result, x)).toThrow(ArgumentError);
    }
    expect(() => loose(() => Promise.resolve(x), x)).toThrow(WgradError);
    expect(() =>
      autograd.checkpoint((a) => {
        noGrad(() => a.detach().mul_(2));
        return a.exp();
      }, x),
    ).toThrow(/in place/);
    let more = false;
    const changing = autograd.checkpoint((a) => {
      const y = more ? a.reshape(1, 2) : a;
      more = true;
      return y.exp();
    }, x);
    expect(() => changing.sum().backward()).toThrow(/float32\[2\], but float32\[1, 2\]/);
    let draws = 0;
    const drawing = autograd.checkpoint((a) => {
      draws++;
      for (let at = 1; at < draws; at++) rand(2);
      return a.exp();
    }, x);
    expect(() => drawing.sum().backward()).toThrow(/other random numbers/);
    const drop = new nn.Dropout(0.5);
    const switched = autograd.checkpoint((a) => drop.forward(a), x);
    drop.eval();
    expect(() => switched.sum().backward()).toThrow(/same mode/);
    const stale = autograd.checkpoint((a) => a.exp(), x);
    noGrad(() => x.mul_(2));
    expect(() => stale.sum().backward()).toThrow(GradientError);
  });
}
