import { expect, it, type TestContext } from 'vitest';
import { ArgumentError, type Backend, optim, scope, type Tensor, tensor } from '../../src/index.ts';

type Open = (context: TestContext) => Promise<Backend>;

function leaf(device: Backend, values: ArrayLike<number>): Tensor {
  return tensor(Float32Array.from(values), { device, requiresGrad: true });
}

/** Gives a leaf a gradient. */
function setGradient(parameter: Tensor, values: ArrayLike<number>): void {
  scope(() => {
    const { shape, device } = parameter;
    parameter
      .mul(tensor(Float32Array.from(values), { shape, device }))
      .sum()
      .backward();
  });
}

const read = async (x: Tensor | null): Promise<number[]> => Array.from(await x!.data());
const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);

const norms: Record<string, { normType: number; of: (g: readonly number[]) => number }> = {
  '2': { normType: 2, of: (g) => Math.sqrt(sum(g.map((each) => each ** 2))) },
  '1': { normType: 1, of: (g) => sum(g.map(Math.abs)) },
  '∞': { normType: Infinity, of: (g) => Math.max(...g.map(Math.abs)) },
  '3.5': { normType: 3.5, of: (g) => sum(g.map((each) => Math.abs(each) ** 3.5)) ** (1 / 3.5) },
};

/** What clipGradNorm promises, on a device. */
export function clipSuite(open: Open): void {
  for (const [name, { normType, of }] of Object.entries(norms)) {
    for (const size of [3, 9001]) {
      it(`takes the ${name}-norm over tensors of ${size} elements, and scales them`, async (context) => {
        const device = await open(context);
        const gradients = [1, 2].map((seed) =>
          Array.from({ length: size }, (_, i) => Math.fround(Math.sin(seed + i))),
        );
        const wanted = of(gradients.flat());
        for (const flat of [false, true]) {
          const parameters = gradients.map(() => leaf(device, new Float32Array(size)));
          if (flat) new optim.SGD(parameters);
          parameters.forEach((parameter, index) => setGradient(parameter, gradients[index]!));
          const norm = optim.clipGradNorm(parameters, wanted / 2, { normType });
          expect(norm.shape).toEqual([]);
          expect((await norm.item()) / wanted).toBeCloseTo(1, 5);
          for (const [index, parameter] of parameters.entries()) {
            const found = await read(parameter.grad);
            const off = found.map((each, i) => Math.abs(each - gradients[index]![i]! / 2));
            expect(Math.max(...off)).toBeLessThan(1e-5);
          }
        }
      });
    }
  }

  // Some greater than the root of the greatest float32, or than a part of the norm can hold, among ordinary ones.
  it.for([
    [2, 1e30],
    [2, 1e36],
    [3, 1e30],
    [20, 1e5],
    [20, 1e-3],
    [20, 1e-30],
    [2, 1],
  ] as const)(
    'takes the %d-norm of gradients of %d without overflow or underflow',
    async ([normType, size], context) => {
      const device = await open(context);
      for (const length of [3, 9001]) {
        const values = Array.from({ length }, (_, i) => size * Math.sin(i + 1) * (i % 3 === 1 ? 1e-12 : 1));
        const greatest = Math.max(...values.map(Math.abs));
        const wanted =
          greatest * sum(values.map((each) => (Math.abs(each) / greatest) ** normType)) ** (1 / normType);
        const parameter = leaf(device, values);
        parameter.grad = tensor(Float32Array.from(values), { device });
        const norm = optim.clipGradNorm(parameter, wanted / 2, { normType });
        expect((await norm.item()) / wanted).toBeCloseTo(1, 5);
        const found = await read(parameter.grad);
        // 1e-6 is added to the norm.
        const scale = wanted / 2 / (wanted + 1e-6);
        expect(
          Math.max(...found.map((each, i) => Math.abs(each / size - (values[i]! / size) * scale))),
        ).toBeLessThan(1e-5);
      }
    },
  );

  it('leaves gradients within the norm alone, to the bit', async (context) => {
    const parameter = leaf(await open(context), [0, 0]);
    setGradient(parameter, [0.1, -0.7]);
    const before = await read(parameter.grad);
    expect(await optim.clipGradNorm(parameter, 1).item()).toBeCloseTo(Math.sqrt(0.5), 6);
    expect(await read(parameter.grad)).toEqual(before);
  });

  it('treats NaN, infinities and zeros as PyTorch does', async (context) => {
    const device = await open(context);
    const clipped = async (values: number[], normType = 2): Promise<number[][]> => {
      const parameter = leaf(device, values);
      setGradient(parameter, values);
      const norm = await optim.clipGradNorm([parameter], 1, { normType }).item();
      return [[norm], await read(parameter.grad)];
    };
    expect(await clipped([NaN, 1])).toEqual([[NaN], [NaN, NaN]]);
    expect(await clipped([1, NaN], Infinity)).toEqual([[NaN], [NaN, NaN]]);
    expect(await clipped([1, NaN], 3)).toEqual([[NaN], [NaN, NaN]]);
    expect(await clipped([Infinity, 1])).toEqual([[Infinity], [NaN, 0]]);
    expect(await clipped([-Infinity, 1], Infinity)).toEqual([[Infinity], [NaN, 0]]);
    expect(await clipped([1e30, NaN])).toEqual([[NaN], [NaN, NaN]]);
    expect(await clipped([Infinity, 1e30])).toEqual([[Infinity], [NaN, 0]]);
    expect(await clipped([1, -Infinity], 3)).toEqual([[Infinity], [0, NaN]]);
    expect(await clipped([0, 0])).toEqual([[0], [0, 0]]);
    expect(await clipped([0, 0], 3)).toEqual([[0], [0, 0]]);
  });

  it('counts only parameters that have a gradient, and each once', async (context) => {
    const device = await open(context);
    const [used, unused] = [leaf(device, [0, 0]), leaf(device, [0])];
    setGradient(used, [3, 4]);
    expect(await optim.clipGradNorm([used, unused, used], 1).item()).toBe(5);
    expect(unused.grad).toBe(null);
    expect((await read(used.grad))[0]).toBeCloseTo(0.6, 5);
    expect(await optim.clipGradNorm(unused, 1).item()).toBe(0);
    for (const refused of [
      () => optim.clipGradNorm([], 1),
      () => optim.clipGradNorm(used, -1),
      () => optim.clipGradNorm(used, 1, { normType: 0 }),
    ])
      expect(refused).toThrow(ArgumentError);
  });

  it('scales once what two gradients share', async (context) => {
    const device = await open(context);
    const [a, b] = [leaf(device, [1, 2]), leaf(device, [3, 4])];
    scope(() => {
      const seed = tensor([3, 4], { device });
      a.add(b).backward(seed, { createGraph: true });
      optim.clipGradNorm([a, b], Math.sqrt(50) / 2);
    });
    for (const { grad } of [a, b]) {
      const [first, second] = await read(grad);
      expect(first).toBeCloseTo(1.5, 5);
      expect(second).toBeCloseTo(2, 5);
    }
  });

  it('leaves nothing behind but the norm, without a scope', async (context) => {
    const device = await open(context);
    const parameters = [leaf(device, new Float32Array(9001)), leaf(device, new Float32Array(5000))];
    for (const parameter of parameters) setGradient(parameter, new Float32Array(parameter.numel()).fill(1));
    const { buffersAlive } = device.stats();
    for (let call = 1; call <= 3; call++) optim.clipGradNorm(parameters, 0.1, call);
    expect(device.stats().buffersAlive).toBe(buffersAlive + 3);
  });

  it('takes one launch to reduce and one to scale, reads nothing, and creates nothing once warm', async (context) => {
    const device = await open(context);
    const parameters = [leaf(device, [1, 2, 3]), leaf(device, [4, 5])];
    const optimizer = new optim.Adam([{ params: [parameters[0]!] }, { params: [parameters[1]!] }]);
    const step = (): number => {
      parameters.forEach((parameter) => setGradient(parameter, [1, 2, 3].slice(0, parameter.numel())));
      const { dispatches } = device.stats();
      scope(() => void optim.clipGradNorm(parameters, 0.1));
      const launched = device.stats().dispatches - dispatches;
      optimizer.step();
      optimizer.zeroGrad();
      return launched;
    };
    for (let warmUp = 0; warmUp < 3; warmUp++) step();
    const { buffersCreated, bindGroupsCreated, pipelinesCreated, buffersAlive, reads } = device.stats();
    expect([step(), step()]).toEqual([2, 2]);
    expect(device.stats()).toMatchObject({
      buffersCreated,
      bindGroupsCreated,
      pipelinesCreated,
      buffersAlive,
      reads,
    });
  });
}
