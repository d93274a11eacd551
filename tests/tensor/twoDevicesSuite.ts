import { expect, it, type TestContext } from 'vitest';
import {
  type Backend,
  capture,
  DeviceError,
  nn,
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
}
