import { expect, it, type TestContext } from 'vitest';
import {
  ArgumentError,
  autograd,
  type Backend,
  capture,
  GradientError,
  nn,
  setDefaultDevice,
  tensor,
  type Tensor,
  WgradError,
} from '../../src/index.ts';

type Open = (context: TestContext) => Promise<Backend>;

/** The gradient of the root at 0 is infinite, and 0 · ∞ is NaN. */
function rootOfNothing(x: Tensor): Tensor {
  return x.mul(0).sqrt();
}

/** What `detectAnomaly` promises on a device. */
export function anomalySuite(open: Open): void {
  const device = async (context: TestContext): Promise<Backend> => {
    const opened = await open(context);
    setDefaultDevice(opened);
    return opened;
  };
  const failure = async (body: () => unknown): Promise<GradientError> => {
    const error: unknown = await autograd.detectAnomaly(body).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GradientError);
    return error as GradientError;
  };

  it('returns what the body returns where every gradient is a number', async (context) => {
    await device(context);
    const x = tensor([1, 2], { requiresGrad: true });
    const loss = await autograd.detectAnomaly(() => {
      const sum = x.log().sum();
      sum.backward();
      return sum;
    });
    expect(await loss.item()).toBeCloseTo(Math.log(2), 5);
    expect(await x.grad!.toArray()).toEqual([1, 0.5]);
  });

  it('names the operation and the line that called it', async (context) => {
    await device(context);
    const x = tensor([1, 2], { requiresGrad: true });
    const error = await failure(() => rootOfNothing(x).sum().backward());
    expect(error.message).toMatch(
      /^detectAnomaly: 'mul' computes NaN for the gradient of its input 0, float32\[2\]\. It was called here:\n.*rootOfNothing.*anomalySuite/,
    );
    expect(error.message).not.toMatch(/src\/(ops|tensor|autograd)\//);
    expect((error.cause as Error).message).toBe("'mul' was called here");
    const before = rootOfNothing(x).sum();
    expect((await failure(() => before.backward())).message).toMatch(/'mul'.*before detectAnomaly/);
  });

  it('finds NaN in second derivatives, in checkpoints and in parts of gradients', async (context) => {
    await device(context);
    const x = tensor([0, 1], { requiresGrad: true });
    const twice = await failure(() => {
      const [first] = autogradOf(x.pow(1.5).sum(), x);
      first
        .mul(tensor([0, 1]))
        .sqrt()
        .sum()
        .backward();
    });
    expect(twice.message).toMatch(/NaN/);
    const inside = await failure(() => autograd.checkpoint(rootOfNothing, x).sum().backward());
    expect(inside.message).toMatch(/'mul'[^]*rootOfNothing/);
    const part = await failure(() =>
      x
        .slice([0, 1])
        .sub(x.slice([0, 1]))
        .sqrt()
        .mul(0)
        .sum()
        .backward(),
    );
    expect(part.message).toMatch(/NaN/);
  });

  it('sees captured steps, which run as usual inside of it', async (context) => {
    await device(context);
    const model = new nn.Linear(2, 2);
    const train = capture((x: Tensor) => {
      model.zeroGrad();
      const loss = model.forward(x).mul(x).sqrt().sum();
      loss.backward();
      return loss;
    });
    const good = tensor([[1, 2]]);
    for (let call = 0; call < 3; call++) train(good);
    expect((await failure(() => train(good.mul(0)))).message).toMatch(/NaN/);
    train(good);
  });

  it('passes errors on, frees its tests, and takes synchronous functions alone', async (context) => {
    const opened = await device(context);
    const x = tensor([1, 2], { requiresGrad: true });
    const boom = new Error('boom');
    x.log().sum().backward();
    const { buffersAlive } = opened.stats();
    await expect(
      autograd.detectAnomaly(() => {
        x.log().sum().backward();
        throw boom;
      }),
    ).rejects.toBe(boom);
    expect(opened.stats().buffersAlive - buffersAlive).toBeLessThan(4);
    await expect(autograd.detectAnomaly(() => Promise.resolve(1))).rejects.toThrow(WgradError);
    for (const body of [undefined, 3, x]) {
      await expect(autograd.detectAnomaly(body as unknown as () => unknown)).rejects.toThrow(ArgumentError);
    }
    // Nothing is left on.
    rootOfNothing(x).sum().backward();
  });
}

function autogradOf(y: Tensor, x: Tensor): [Tensor] {
  x.zeroGrad();
  y.backward({ createGraph: true });
  return [x.grad!];
}
