import { expect, it, type TestContext } from 'vitest';
import {
  arange,
  type Backend,
  capture,
  CaptureError,
  eye,
  FreedTensorError,
  full,
  grad,
  GradientError,
  linspace,
  manualSeed,
  nn,
  ones,
  optim,
  rand,
  randint,
  randn,
  scope,
  setDefaultDevice,
  Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';

const list = async (x: Tensor): Promise<number[]> => [...(await x.data())];

/** Results, state, arguments and random numbers of captured steps. */
export function captureResultsSuite(
  open: (context: TestContext) => Promise<Backend>,
  openOwn: (context: TestContext) => Promise<Backend>,
): void {
  const device = async (context: TestContext, opener = open): Promise<Backend> => {
    const opened = await opener(context);
    setDefaultDevice(opened);
    return opened;
  };

  it('belongs to the scope in which it was made, unless that returns it', async (context) => {
    const own = await device(context, openOwn);
    const x = ones([64]);
    const round = (): unknown =>
      scope(() => {
        const step = capture((given: Tensor) => given.mul(2).add(1));
        for (let call = 0; call < 4; call++) step(x);
        using brief = capture((given: Tensor) => given.mul(3));
        for (let call = 0; call < 4; call++) brief(x);
        return undefined;
      });
    round();
    const { buffersAlive, bytesAlive } = own.stats();
    for (let i = 0; i < 10; i++) round();
    expect(own.stats()).toMatchObject({ buffersAlive, bytesAlive });
    const kept = scope(() => capture((given: Tensor) => given.mul(2)));
    for (let call = 0; call < 4; call++) expect(await list(kept(x))).toEqual(new Array(64).fill(2));
    kept.dispose();
    let runs = 0;
    const recorded = scope(() => {
      const step = capture((given: Tensor) => {
        runs++;
        return given.mul(2);
      });
      for (let call = 0; call < 3; call++) step(x);
      return { inside: [step] };
    });
    expect(await list(recorded.inside[0]!(x))).toEqual(new Array(64).fill(2));
    expect(runs).toBe(2);
    recorded.inside[0]!.dispose();
  });

  it('refuses gradients through a result at every call: a replay makes no graph', async (context) => {
    await device(context);
    const [backbone, head] = [new nn.Linear(2, 3), new nn.Linear(3, 1)];
    const x = ones([4, 2]);
    const features = capture((images: Tensor) => backbone.forward(images));
    const penalty = capture(() => ({ sum: backbone.weight.square().sum() }));
    for (let call = 0; call < 4; call++) {
      const loss = head.forward(features(x)).sum();
      expect(() => loss.backward()).toThrow(
        /result of a captured step[^]*Call backward inside the step; or return/,
      );
      expect(() => loss.add(penalty().sum).backward()).toThrow(GradientError);
      expect(head.weight.grad).toBeNull();
      // The gradient with respect to the result itself needs nothing of the step.
      const h = features(x);
      const [gradient] = grad(head.forward(h).sum(), [h]);
      expect(gradient.shape).toEqual([4, 3]);
      expect(() => features(h)).toThrow(/an argument is .* and requires a gradient/);
    }
    const detached = capture((images: Tensor) => backbone.forward(images).detach());
    for (let call = 0; call < 4; call++) {
      head.forward(detached(x)).sum().backward();
      expect(await list(head.bias!.grad!)).toEqual([4 * (call + 1)]);
    }
  });

  it('refuses to read a result that a later call has overwritten, and names clone()', async (context) => {
    await device(context);
    const step = capture((x: Tensor) => ({
      sum: x.mul(2),
      turned: [x.add(1).reshape([2, 1]).transpose(0, 1)],
    }));
    const x = (value: number): Tensor => tensor([value, value]);
    const results = [1, 2, 3, 4, 5].map((value) => step(x(value)));
    // The first call ran as it stands; its result is its own.
    expect(await list(results[0]!.sum)).toEqual([2, 2]);
    const last = results[4]!;
    expect(await list(last.sum)).toEqual([10, 10]);
    expect(await list(last.turned[0]!)).toEqual([6, 6]);
    for (const { sum, turned } of results.slice(1, 4)) {
      for (const read of [
        () => void sum.add(1),
        () => void sum.detach(),
        () => void turned[0]!.contiguous(),
        () => void step(sum),
      ]) {
        expect(read).toThrow(FreedTensorError);
        expect(read).toThrow(/a later call had overwritten it\. Use clone\(\)/);
      }
      await expect(sum.data()).rejects.toThrow(/clone\(\)/);
    }
    const views = [last.sum.detach(), last.sum.slice([0, 1])];
    const copy = last.sum.clone();
    const pending = last.sum.data();
    step(x(6));
    for (const view of views) expect(() => view.add(1)).toThrow(/clone\(\)/);
    expect(await list(copy)).toEqual([10, 10]);
    expect([...(await pending)]).toEqual([10, 10]);
    for (const { sum } of results) sum.dispose();
  });

  it('ends gradients that a later call has overwritten, and leaves tensors from outside alone', async (context) => {
    await device(context);
    const w = tensor([1, 2], { requiresGrad: true });
    const step = capture((x: Tensor) => {
      w.zeroGrad();
      w.mul(x).sum().backward();
      return [w, x] as const;
    });
    const held: Tensor[] = [];
    const returned: (readonly [Tensor, Tensor])[] = [];
    for (let index = 0; index < 4; index++) {
      returned.push(step(tensor([index, 2 * index])));
      expect(await list(w.grad!)).toEqual([index, 2 * index]);
      held.push(w.grad!.detach());
    }
    expect(() => held[2]!.add(1)).toThrow(/clone\(\)/);
    expect(await list(held[3]!)).toEqual([3, 6]);
    for (const [same] of returned) expect(await list(same)).toEqual([1, 2]);
    expect(() => returned[2]![1].add(1)).toThrow(/clone\(\)/);
  });

  it('keeps the last results when the step is disposed', async (context) => {
    const backend = await device(context, openOwn);
    const x = ones([3]);
    const step = capture((x: Tensor) => x.exp().log());
    for (let index = 0; index < 3; index++) step(x).dispose();
    const before = backend.stats().buffersAlive;
    const result = step(x);
    step.dispose();
    scope(() => void x.exp().add(x));
    expect((await list(result)).map(Math.round)).toEqual([1, 1, 1]);
    result.dispose();
    expect(backend.stats().buffersAlive).toBeLessThan(before);
  });

  it.for<[string, (h: Tensor) => Tensor]>([
    ['as it is', (h) => h],
    ['detached', (h) => h.detach()],
    ['through a view', (h) => h.reshape([1, 2]).reshape([2])],
  ])('refuses state that is kept in a closure, %s', async ([, held], context) => {
    await device(context);
    let h = zeros([2]);
    const step = capture((x: Tensor) => (h = h.add(x)));
    const call = (): void => {
      h = held(step(ones([2])));
    };
    call();
    expect(call).toThrow(CaptureError);
    expect(call).toThrow(/as in h = step\(x, h\)/);
  });

  it('refuses a result of another captured step in a closure', async (context) => {
    await device(context);
    const encode = capture((x: Tensor) => x.mul(2));
    let code = zeros([2]);
    const decode = capture(() => code.add(1));
    for (let index = 0; index < 3; index++) code = encode(ones([2]));
    decode();
    expect(() => decode()).toThrow(/that a captured step has returned/);
  });

  it('takes state as an argument, and its own results', async (context) => {
    await device(context);
    const step = capture((x: Tensor, h: Tensor) => h.mul(2).add(x));
    let h = zeros([2]);
    for (let index = 0; index < 6; index++) h = step(ones([2]), h);
    expect(await list(h)).toEqual([63, 63]);
    const twice = capture((x: Tensor) => x.add(1));
    for (let index = 0; index < 4; index++) expect(await list(twice(twice(ones([1]))))).toEqual([3]);
  });

  it('takes lists and plain objects as arguments', async (context) => {
    await device(context);
    let runs = 0;
    const step = capture(({ xs, by }: { xs: readonly Tensor[]; by: number }, [y]: [Tensor]) => {
      runs++;
      return { sums: xs.map((x) => x.mul(by).add(y)), none: undefined };
    });
    for (let index = 0; index < 5; index++) {
      const { sums } = step({ xs: [tensor([index]), tensor([1, index])], by: 3 }, [tensor([10])]);
      expect(await Promise.all(sums.map(list))).toEqual([[3 * index + 10], [13, 3 * index + 10]]);
    }
    expect(runs).toBe(2);
    step({ xs: [tensor([1])], by: 3 }, [tensor([10])]);
    expect(runs).toBe(3);
    expect(() => capture((given: object) => given as Tensor)(new nn.ReLU())).toThrow(
      /neither a tensor nor a plain value/,
    );
    expect(() => capture((given: { f: object }) => given.f as Tensor)({ f: () => 1 })).toThrow(
      /the arguments\[0\]\.f is neither/,
    );
  });

  it('tells values apart that have the same text', async (context) => {
    await device(context);
    const step = capture((value: unknown, other?: unknown) =>
      tensor([typeof value === 'number' ? 1 / value : String(value).length, other === undefined ? 0 : 1]),
    );
    const values = [
      0,
      -0,
      1,
      '1',
      1n,
      true,
      'true',
      null,
      'null',
      undefined,
      NaN,
      'NaN',
      ['a'],
      ['a', 'b'],
      ['a, b'],
    ];
    const keys = values.map((value) => list(step(value as object)));
    expect(new Set((await Promise.all(keys)).map(String)).size).toBeGreaterThan(3);
    // Each has been seen once and none twice: a second call would record, and refuse the upload.
    for (const value of values) expect(() => step(value as object)).toThrow(/upload from the host/);
  });

  it('refuses a step that changes an argument in place', async (context) => {
    await device(context);
    const step = capture((x: Tensor, mean: Tensor, variance: Tensor) =>
      nn.functional.batchNorm(x, mean, variance, { training: true }),
    );
    const args = [rand([4, 2, 1, 1]), zeros([2]), ones([2])] as const;
    step(...args);
    expect(() => step(...args)).toThrow(/changes the argument float32\[2\] in place/);
  });

  it('evicts the recording that was not used for the longest time, with its memory', async (context) => {
    const backend = await device(context, openOwn);
    const inputs = Array.from({ length: 41 }, (_, index) => ones([1000 + index]));
    let runs = 0;
    const step = capture((x: Tensor) => {
      runs++;
      return x.mul(2).sum();
    });
    const call = async (index: number): Promise<number[]> => {
      const result = step(inputs[index]!);
      const numbers = await list(result);
      result.dispose();
      return numbers;
    };
    for (let index = 0; index < 32; index++) for (let again = 0; again < 2; again++) await call(index);
    await call(0);
    const before = backend.stats().bytesAlive;
    for (let index = 32; index < 41; index++) {
      for (let again = 0; again < 3; again++) expect(await call(index)).toEqual([2 * (1000 + index)]);
      runs = 0;
      await call(0);
      expect(runs).toBe(0);
    }
    expect(backend.stats().bytesAlive).toBeLessThan(1.05 * before);
    runs = 0;
    for (const index of [0, 40, 31, 10]) await call(index);
    expect(runs).toBe(0);
    for (const index of [9, 1]) await call(index);
    expect(runs).toBe(2);
    step.dispose();
  });

  it('makes constants in a captured step, and uploads nothing in replay', async (context) => {
    const backend = await device(context, openOwn);
    const step = capture((x: Tensor) => [
      x.add(arange(3)),
      eye(3).matmul(x.reshape([3, 1])),
      linspace(0, 1, 3).mul(x),
      full([3], 2 ** 30, { dtype: 'int32' }),
      arange(3),
    ]);
    const read = (results: Tensor[]): Promise<number[][]> => Promise.all(results.map(list));
    const x = tensor([1, 2, 4]);
    const expected = await read(step(x));
    step(x);
    const before = backend.stats().bytesUploaded;
    let kept: Tensor[] = [];
    for (let index = 0; index < 4; index++) expect(await read((kept = step(x)))).toEqual(expected);
    expect(backend.stats().bytesUploaded).toBe(before);
    const y = tensor([0, 0, 0]);
    step(y);
    expect(await list(kept[4]!)).toEqual([0, 1, 2]);
    expect(await step.verify(x)).toBe(true);
  });

  it('keeps its numbers when many others have been used since', async (context) => {
    await device(context);
    let runs = 0;
    const step = capture((x: Tensor) => {
      runs++;
      return x.mul(3.25).add(0.125);
    });
    const x = ones([1]);
    for (let call = 0; call < 3; call++) step(x);
    scope(() => {
      for (let number = 0; number < 1100; number++) x.mul(number + 0.625);
    });
    expect(await list(step(x))).toEqual([3.375]);
    expect(runs).toBe(2);
    step.dispose();
  });

  it('draws random numbers anew at each replay, the same as the step itself', async (context) => {
    await device(context);
    const f = (x: Tensor): Tensor[] => [
      rand([5]),
      randn([2, 3]),
      randint(0, 100, [4]),
      x.dropout({ p: 0.5 }),
      randn([5]).mul(x),
      rand([2], { seed: 4, stream: 2 }),
      randn([2], { seed: 4, stream: 2 }),
    ];
    const course = async (captured: boolean): Promise<number[]> => {
      manualSeed(11);
      const step = captured ? capture(f) : f;
      const numbers: number[] = [];
      for (let index = 0; index < 6; index++) {
        const x = rand([5]);
        for (const each of step(x)) numbers.push(...(await each.data()));
        if (index === 3) manualSeed(2);
      }
      return numbers;
    };
    const numbers = await course(false);
    expect(await course(true)).toEqual(numbers);
    expect(new Set(numbers).size).toBeGreaterThan(100);
    const step = capture(f);
    for (let index = 0; index < 3; index++) step(rand([5]));
    expect(await step.verify(rand([5]))).toBe(true);
  });

  it.for<[string, (parts: { optimizer: optim.SGD; model: nn.Module }) => () => void, RegExp]>([
    ['the seed', () => () => manualSeed(3), /manualSeed\(\) inside a captured step/],
    [
      'a learning rate',
      ({ optimizer }) =>
        () =>
          (optimizer.lr = 3),
      /assigning the learning rate/,
    ],
    [
      'a metric',
      ({ optimizer }) => {
        const schedule = new optim.lrScheduler.ReduceLROnPlateau(optimizer);
        return () => schedule.step(1);
      },
      /step\(\) of ReduceLROnPlateau/,
    ],
    [
      'a state',
      ({ optimizer }) => {
        const state = optimizer.stateDict();
        return () => optimizer.loadStateDict(state);
      },
      /loadStateDict\(\) of an optimizer/,
    ],
  ])('refuses a step that sets %s', async ([, make, message], context) => {
    await device(context);
    const model = new nn.Linear(2, 2);
    const set = make({ model, optimizer: new optim.SGD(model.parameters()) });
    const step = capture((x: Tensor) => {
      set();
      return model.forward(x);
    });
    step(ones([1, 2]));
    expect(() => step(ones([1, 2]))).toThrow(message);
  });

  it('sets the mode of a model that the step switches', async (context) => {
    await device(context);
    const drop = new nn.Dropout(0.5);
    const step = capture((x: Tensor) => {
      drop.eval();
      return drop.forward(x);
    });
    for (let index = 0; index < 4; index++) {
      step(ones([3]));
      expect(drop.training).toBe(false);
    }
    drop.train();
    expect(await list(step(ones([3])))).toEqual([1, 1, 1]);
    expect(drop.training).toBe(false);
  });

  it('refuses a module that keeps an intermediate result, and follows one that counts its calls', async (context) => {
    await device(context);
    class Counting extends nn.Module {
      calls = 0;
      override forward(x: Tensor): Tensor {
        return x.mul(++this.calls);
      }
    }
    const counting = new Counting();
    const step = capture((x: Tensor) => counting.forward(x));
    for (let index = 1; index < 6; index++) expect(await list(step(ones([1])))).toEqual([index]);

    class Keeping extends nn.Module {
      last: Tensor | undefined;
      override forward(x: Tensor): Tensor {
        this.last = scope(() => x.mul(2)).alias(false);
        return this.last.add(1);
      }
    }
    const keeping = new Keeping();
    const kept = capture((x: Tensor) => keeping.forward(x));
    kept(ones([1]));
    expect(() => kept(ones([1]))).toThrow(/creates a tensor and keeps it/);
  });
}
