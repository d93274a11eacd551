import { expect, it, type TestContext } from 'vitest';
import {
  type Backend,
  capture,
  DeviceError,
  DeviceLostError,
  grad,
  nn,
  open as openDevice,
  optim,
  setDefaultDevice,
  tensor,
  type Tensor,
} from '../../src/index.ts';

type Pair = (context: TestContext) => Promise<{ here: Backend; other: Backend }>;

const read = async (x: Tensor): Promise<number[]> => Array.from(await x.data());

/** What tensors of two devices do where they meet. The default device is `here`. */
export function twoDevicesSuite(open: Pair): void {
  it('loadStateDict of a module refuses tensors of the other device, and changes nothing', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const linear = new nn.Linear(2, 1);
    const before = await read(linear.weight);
    const state = { weight: tensor([[7, 8]]), bias: tensor([9], { device: other }) };
    expect(() => linear.loadStateDict(state)).toThrow(DeviceError);
    expect(await read(linear.weight)).toEqual(before);
    linear.loadStateDict({ ...state, bias: await state.bias.toDevice(here) });
    expect(await read(linear.bias!)).toEqual([9]);
  });

  it('loadStateDict of an optimizer refuses tensors of the other device, and changes nothing', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const optimizer = new optim.Adam([tensor([1], { requiresGrad: true })]);
    const state = optimizer.stateDict();
    const tensors = { ...state.tensors, 'exp_avg_sq.0': tensor([9], { device: other }) };
    const before = JSON.stringify(state.paramGroups);
    const changed = state.paramGroups.map((group) => ({ ...group, lr: 7 }));
    expect(() => optimizer.loadStateDict({ steps: [5], tensors, paramGroups: changed })).toThrow(DeviceError);
    const { steps, paramGroups } = optimizer.stateDict();
    expect([steps, JSON.stringify(paramGroups)]).toEqual([[0], before]);
  });

  it('an argument of a captured step on the other device is refused at every call', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const factor = tensor([2]);
    const step = capture((x: Tensor) => x.mul(factor));
    for (let call = 0; call < 2; call++) step(tensor([call]));
    expect(() => step(tensor([3], { device: other }))).toThrow(DeviceError);
    expect(await read(step(tensor([3])))).toEqual([6]);
    step.dispose();
  });

  it('a gradient handed to backward must be on the device of the result', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const x = tensor([1, 2], { requiresGrad: true });
    const gradient = tensor([1, 1], { device: other });
    for (const result of [x.reshape([2]), x.mul(2), x]) {
      expect(() => result.backward(gradient)).toThrow(DeviceError);
    }
    expect(x.grad).toBeNull();
    expect(() => grad([x.mul(2)], [x], { gradOutputs: [gradient] })).toThrow(DeviceError);
  });

  it('GradScaler refuses gradients of another device', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const x = tensor([1, 2], { requiresGrad: true });
    const optimizer = new optim.SGD([x], { lr: 1 });
    const scaler = new optim.GradScaler({ device: other });
    x.sum().backward();
    expect(() => scaler.scale(x.sum())).toThrow(DeviceError);
    for (let time = 0; time < 2; time++) expect(() => scaler.unscale(optimizer)).toThrow(DeviceError);
    expect(() => scaler.step(optimizer)).toThrow(DeviceError);
    expect(await read(x)).toEqual([1, 2]);
  });

  it('a launch that is refused leaves the device usable', async (context) => {
    const { here, other } = await open(context);
    const [x, out] = [tensor([1, 2], { device: other }), tensor([3, 4], { device: here })];
    const launch = (): void =>
      here.run(
        'accumulate',
        { x: x.storage.buffer, out: out.storage.buffer },
        { size: 2, xOffset: 0, outOffset: 0 },
      );
    expect(launch).toThrow(/^accumulate: an operand is on another device\n {2}takes .*toDevice/);
    expect(await read(out)).toEqual([3, 4]);
    expect(await read(out.add(1))).toEqual([4, 5]);
  });

  it('Module.to moves gradients, and backward goes on there', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const linear = new nn.Linear(2, 1);
    linear.loadStateDict({ weight: tensor([[1, 2]]), bias: tensor([3]) });
    const x = tensor([[1, 2]]);
    linear.forward(x).sum().backward();
    const [handle, view] = [linear.weight.grad!, linear.weight.detach()];
    await linear.to(other);
    expect(linear.weight.grad!.device).toBe(other);
    const there = await x.toDevice(other);
    linear.forward(there).sum().backward();
    expect(await read(linear.weight.grad!)).toEqual([2, 4]);
    // As in PyTorch, other tensors on the memory stay.
    expect([view.device, handle.device]).toEqual([here, here]);
    expect([await read(view), await read(handle)]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    const optimizer = new optim.SGD(linear.parameters(), { lr: 1 });
    optimizer.step();
    expect(await read(linear.weight)).toEqual([-1, -2]);
  });

  it('an optimizer made before Module.to says so at its next step, whatever the gradients', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const linear = new nn.Linear(2, 1, { bias: false });
    const optimizer = new optim.Adam(linear.parameters());
    const pull = (device: Backend): void =>
      linear
        .forward(tensor([[1, 2]], { device }))
        .sum()
        .backward();
    pull(here);
    optimizer.step();
    await linear.to(here);
    optimizer.step();
    await linear.to(other);
    const steps = [...optimizer.stateDict().steps];
    expect(() => optimizer.step()).toThrow(
      /^Adam: a parameter has moved to another device\n.*make a new optimizer/,
    );
    optimizer.zeroGrad();
    pull(other);
    expect(await read(linear.weight.grad!)).toEqual([1, 2]);
    expect(() => optimizer.step()).toThrow(DeviceError);
    expect(optimizer.stateDict().steps).toEqual(steps);
    const next = new optim.Adam(linear.parameters());
    const saved = optimizer.stateDict();
    expect(() => next.loadStateDict(saved)).toThrow(DeviceError);
    const tensors = Object.fromEntries(
      await Promise.all(
        Object.entries(saved.tensors).map(async ([name, x]) => [name, await x.toDevice(other)] as const),
      ),
    );
    next.loadStateDict({ ...saved, tensors });
    next.step();
    expect(next.stateDict().steps).toEqual([3]);
  });

  it('an optimizer goes on when its module has moved forth and back', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const linear = new nn.Linear(1, 1, { bias: false });
    linear.loadStateDict({ weight: tensor([[5]]) });
    const optimizer = new optim.SGD(linear.parameters(), { lr: 1, momentum: 0.5 });
    const step = capture((x: Tensor) => {
      optimizer.zeroGrad();
      linear.forward(x).sum().backward();
      optimizer.step();
    });
    let [expected, velocity] = [5, 0];
    for (let call = 0; call < 8; call++) {
      if (call === 1 || call === 4) {
        await linear.to(other);
        await linear.to(here);
      }
      step(tensor([[1]]));
      velocity = 0.5 * velocity + 1;
      expected -= velocity;
      expect(await read(linear.weight)).toEqual([expected]);
    }
    new optim.SGD(linear.parameters());
    expect(() => step(tensor([[1]]))).toThrow('SGD lost a parameter to a newer optimizer');
    step.dispose();
  });

  it('a graph of before Module.to is refused', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const linear = new nn.Linear(2, 1);
    const loss = linear.forward(tensor([[1, 2]])).sum();
    await linear.to(other);
    expect(() => loss.backward()).toThrow(/^backward: a leaf has moved to another device/);
    expect(linear.weight.grad).toBeNull();
  });

  it('a captured step goes on after Module.to, with arguments from there', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const linear = new nn.Linear(2, 1, { bias: false });
    linear.loadStateDict({ weight: tensor([[1, 2]]) });
    const step = capture((x: Tensor) => linear.forward(x));
    for (let call = 0; call < 3; call++) expect(await read(step(tensor([[1, 1]])))).toEqual([3]);
    await linear.to(other);
    expect(() => step(tensor([[1, 1]]))).toThrow(DeviceError);
    for (let call = 0; call < 3; call++) {
      expect(await read(step(tensor([[1, call]], { device: other })))).toEqual([1 + 2 * call]);
    }
    step.dispose();
  });

  it('a module that changes while it moves stays where it is', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const linear = new nn.Linear(1, 1, { bias: false });
    const optimizer = new optim.SGD(linear.parameters(), { lr: 1 });
    const pull = (): void =>
      linear
        .forward(tensor([[1]]))
        .sum()
        .backward();
    const changes = [pull, pull, () => optimizer.step(), () => optimizer.zeroGrad()];
    for (const change of changes) {
      const moving = linear.to(other);
      change();
      await expect(moving).rejects.toThrow('to: a tensor has changed while it was moved');
      expect(linear.weight.device).toBe(here);
    }
    pull();
    optimizer.step();
    expect(optimizer.stateDict().steps).toEqual([2]);
  });

  it('a module that is freed while it moves leaves nothing on either device', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const alive = (): number[] => [here, other].map((each) => each.stats().buffersAlive);
    const before = alive();
    const linear = new nn.Linear(2, 1);
    linear.weight.grad = tensor([[1, 2]]);
    const moving = linear.to(other);
    linear.dispose();
    await expect(moving).rejects.toThrow('to: a tensor has changed while it was moved');
    expect(alive()).toEqual([before[0]! + 1, before[1]]); // the gradient that was handed in
  });

  it('a module moves with its gradients only if no gradient changes meanwhile', async (context) => {
    const { here, other } = await open(context);
    setDefaultDevice(here);
    const x = tensor([1, 2], { requiresGrad: true });
    const module = new nn.ParameterList([x]);
    x.mul(2).sum().backward();
    const moving = module.to(other);
    x.mul(3).sum().backward(); // in place
    await expect(moving).rejects.toThrow('to: a tensor has changed while it was moved');
    expect([x.device, await read(x.grad!)]).toEqual([here, [5, 5]]);
    await module.to(other);
    expect([x.device, await read(x.grad!)]).toEqual([other, [5, 5]]);
    const { storage } = x;
    await module.to(other);
    expect(x.storage).toBe(storage);
    expect(await read(x)).toEqual([1, 2]);
  });

  it('a module that cannot move as a whole stays as it is', async (context) => {
    const { here } = await open(context);
    setDefaultDevice(here);
    const linear = new nn.Linear(2, 1);
    const gone = await openDevice('cpu');
    gone.destroy();
    await expect(linear.to(gone)).rejects.toThrow('destroyed');
    expect([linear.weight.device, linear.bias!.device]).toEqual([here, here]);
    expect(linear.forward(tensor([[1, 2]])).shape).toEqual([1, 1]);
  });

  it('tensors of a destroyed device can be freed, and nothing else', async (context) => {
    const { here } = await open(context);
    setDefaultDevice(here);
    const gone = await openDevice(here.name);
    const [x, p] = [tensor([1, 2], { device: gone }), tensor([1, 2], { device: gone, requiresGrad: true })];
    p.mul(x).sum().backward();
    gone.destroy();
    const error = DeviceLostError;
    expect(() => x.add(1)).toThrow(error);
    expect(() => p.sum().backward()).toThrow(error);
    expect(() => new optim.SGD([p])).toThrow(error);
    expect(() => x.add(tensor([1, 2]))).toThrow(DeviceError);
    expect(() => tensor([1, 2]).add(x)).toThrow(DeviceError);
    await expect((async () => x.data())()).rejects.toThrow(error);
    await expect((async () => x.toDevice(here))()).rejects.toThrow(error);
    p.zeroGrad();
    p.dispose();
    x.dispose();
    expect(await read(tensor([1, 2]).add(1))).toEqual([2, 3]);
  });
}
