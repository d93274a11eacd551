import { expect, it, type TestContext } from 'vitest';
import {
  type Backend,
  FreedTensorError,
  nn,
  ones,
  open as openDevice,
  optim,
  rand,
  scope,
  setDefaultDevice,
  type Tensor,
  tensor,
} from '../../src/index.ts';

type Open = (context: TestContext) => Promise<Backend>;

const makers: Record<string, (parameters: Tensor[]) => optim.Optimizer> = {
  SGD: (each) => new optim.SGD(each, { momentum: 0.9 }),
  Adam: (each) => new optim.Adam(each),
  NAdam: (each) => new optim.NAdam(each),
  RMSprop: (each) => new optim.RMSprop(each, { centered: true, momentum: 0.5 }),
};

const network = (): nn.Sequential =>
  new nn.Sequential(new nn.Linear(64, 64), new nn.Tanh(), new nn.Linear(64, 2));

function step(model: nn.Module, optimizer: optim.Optimizer): void {
  optimizer.zeroGrad();
  scope(() =>
    model
      .forward(rand([4, 64]))
      .square()
      .sum()
      .backward(),
  );
  optimizer.step();
}

/** What `dispose`, `using` and scopes promise for models and optimizers, on a device. */
export function disposeSuite(open: Open): void {
  /** A device of its own, for the collector frees what other tests have left at any time. */
  const opened = async (context: TestContext): Promise<Backend> => {
    const device = await openDevice((await open(context)).name);
    context.onTestFinished(() => device.destroy());
    setDefaultDevice(device);
    return device;
  };

  for (const [name, make] of Object.entries(makers)) {
    it(`200 models with ${name} leave nothing, whichever way they are freed`, async (context) => {
      const device = await opened(context);
      const ways: (() => void)[] = [
        () =>
          scope(() => {
            const model = network();
            step(model, make(model.parameters()));
          }),
        () => {
          const model = network();
          const optimizer = make(model.parameters());
          step(model, optimizer);
          optimizer.dispose();
          model.dispose();
        },
        () => {
          const model = network();
          const [first, second] = [make(model.parameters()), make(model.parameters())];
          step(model, second);
          model[Symbol.dispose]();
          second[Symbol.dispose]();
          first[Symbol.dispose]();
          first.dispose(); // twice is harmless
        },
      ];
      for (const way of ways) way(); // what is made once
      const { buffersAlive, bytesAlive } = device.stats();
      for (let i = 0; i < 200; i++) ways[i % ways.length]!();
      expect(device.stats()).toMatchObject({ buffersAlive, bytesAlive });
    });
  }

  it('100 optimizers of one parameter, each in a scope, leave it usable and alone', async (context) => {
    const device = await opened(context);
    const parameter = ones([100], { requiresGrad: true });
    const run = (): void =>
      scope(() => {
        const optimizer = new optim.SGD([parameter], { lr: 0.5, momentum: 0.9 });
        parameter.mul(0.5).sum().backward();
        optimizer.step();
        optimizer.zeroGrad();
      });
    run();
    const { bytesAlive } = device.stats();
    for (let i = 1; i < 100; i++) run();
    expect(device.stats().bytesAlive).toBe(bytesAlive);
    expect((await parameter.data())[7]).toBe(-24);
    parameter.sum().backward();
    expect((await parameter.grad!.data())[7]).toBe(1);
  });

  it('a scope returns a model and its optimizer', async (context) => {
    const device = await opened(context);
    scope(() => {
      const first = network(); // makes what is made once
      step(first, new optim.Adam(first.parameters()));
    });
    const before = device.stats().buffersAlive;
    const trainer = scope(() =>
      scope(() => {
        const model = new nn.Sequential(new nn.ModuleList([new nn.ReLU()])[0]!, network());
        const dict = new nn.ModuleDict({ model });
        const optimizer = new optim.Adam(model.parameters());
        step(model, optimizer);
        const schedule = new optim.lrScheduler.StepLR(optimizer, 1);
        return { parts: [dict], schedule };
      }),
    );
    const model = trainer.parts[0]!.get('model')!;
    step(model, trainer.schedule.optimizer);
    expect((await model.parameters()[0]!.data())[0]).not.toBeNaN();
    trainer.schedule.optimizer.dispose();
    model.dispose();
    expect(device.stats().buffersAlive).toBe(before);

    const kept = scope(() => {
      const inner = network();
      return { model: inner, used: new optim.SGD(inner.parameters()).lr };
    });
    step(kept.model, new optim.SGD(kept.model.parameters()));
    expect(kept.model.parameters().every(({ freed }) => !freed)).toBe(true);
  });

  it('the parameters of a disposed optimizer keep values and gradients, and move to another', async (context) => {
    await opened(context);
    const parameter = tensor([1, 2], { requiresGrad: true });
    const first = new optim.SGD([parameter], { lr: 1 });
    parameter.sum().backward();
    first.step();
    first.dispose();
    expect(Array.from(await parameter.data())).toEqual([0, 1]);
    expect(Array.from(await parameter.grad!.data())).toEqual([1, 1]);
    parameter.sum().backward(); // adds to it
    const second = new optim.SGD([parameter], { lr: 1 });
    second.step();
    expect(Array.from(await parameter.data())).toEqual([-2, -1]);
  });

  it('an optimizer that took no step leaves nothing but the parameters', async (context) => {
    const device = await opened(context);
    const parameters = [ones([64], { requiresGrad: true }), ones([64], { requiresGrad: true })];
    for (const make of Object.values(makers)) make(parameters).dispose();
    const { buffersAlive } = device.stats();
    for (const make of Object.values(makers)) make(parameters).dispose();
    expect(device.stats().buffersAlive).toBe(buffersAlive);
  });

  it('what is disposed says so', async (context) => {
    await opened(context);
    const model = network();
    const optimizer = new optim.Adam(model.parameters());
    const state = optimizer.stateDict();
    step(model, optimizer);
    optimizer.dispose();
    const uses = [
      () => optimizer.step(),
      () => optimizer.zeroGrad(),
      () => optimizer.stateDict(),
      () => optimizer.loadStateDict(state),
    ];
    for (const use of uses) expect(use).toThrow(FreedTensorError);
    expect(uses[0]).toThrowErrorMatchingInlineSnapshot(
      `[FreedTensorError: A disposed Adam was used: it was disposed, or its scope ended. Return it from the scope, or make it outside.]`,
    );
    const other = new optim.SGD(model.parameters());
    const { bias } = model.layers[0] as nn.Linear;
    const parameters = model.parameters();
    model.dispose();
    expect(bias!.freed).toBe(true);
    expect(() => new optim.SGD(parameters)).toThrow(FreedTensorError);
    expect(() => model.forward(rand([1, 64]))).toThrow(FreedTensorError);
    expect(() => other.step()).toThrow(FreedTensorError);
    expect(() => new nn.Linear(64, 64).loadStateDict((model.layers[0] as nn.Linear).stateDict())).toThrow(
      FreedTensorError,
    );
    await expect(model.to(await openDevice('cpu'))).rejects.toThrow(FreedTensorError);

    const scaler = scope(() => {
      const inner = new optim.GradScaler();
      return () => inner;
    })();
    expect(() => scaler.scale(ones([]))).toThrow(FreedTensorError);
    const kept = scope(() => new optim.GradScaler({ initScale: 4 }));
    expect(await kept.getScale()).toBe(4);
    kept[Symbol.dispose]();
    expect(() => kept.update()).toThrow(FreedTensorError);
  });
}
