import { beforeEach, describe, expect, it } from 'vitest';
import { autograd, backward, grad, init, tensor, type Tensor } from '../../src/index.ts';
import { gradcheck, gradgradcheck } from '../../src/diagnostics/index.ts';

beforeEach(async () => {
  await init('cpu');
});

type Context = autograd.FunctionContext & { factor?: number };

/** e^x · factor, whose backward uses the result. */
class Exponential extends autograd.Function {
  static forward(context: Context, x: Tensor, factor: number): Tensor {
    context.factor = factor;
    const y = x.exp();
    context.saveForBackward(y);
    return y;
  }
  static backward({ savedTensors: [y] }: Context, gradient: Tensor): autograd.FunctionGradients {
    return [gradient.mul(y!), null];
  }
}

class Product extends autograd.Function {
  static forward(context: Context, x: Tensor, y: Tensor): Tensor {
    context.saveForBackward(x, y);
    return x.mul(y);
  }
  static backward({ savedTensors, needsInputGrad }: Context, gradient: Tensor): autograd.FunctionGradients {
    const [x, y] = savedTensors as [Tensor, Tensor];
    return [needsInputGrad[0] ? gradient.mul(y) : null, needsInputGrad[1] ? gradient.mul(x) : null];
  }
}

/** The identity whose gradient is reversed. */
class Reversal extends autograd.Function {
  static forward(_: Context, x: Tensor): Tensor {
    return x;
  }
  static backward(_: Context, gradient: Tensor): autograd.FunctionGradients {
    return gradient.neg();
  }
}

const leaf = (): Tensor => tensor([0.5, -1, 2], { dtype: 'float64', requiresGrad: true });

describe('functions with a gradient of their own', () => {
  it('have right first and second gradients', async () => {
    const pair = [leaf(), tensor([3, 1, -2], { dtype: 'float64', requiresGrad: true })];
    for (const check of [gradcheck, gradgradcheck]) {
      expect(await check((x) => Exponential.apply(x, 2), [leaf()])).toBe(true);
      expect(await check((x, y) => Product.apply(x, y), pair)).toBe(true);
    }
  });

  it('may return their argument, which keeps its own history', async () => {
    const x = leaf();
    backward(Reversal.apply(x).mul(3).sum());
    expect(await x.grad!.toArray()).toEqual([-3, -3, -3]);
    expect(x.isLeaf).toBe(true);
  });

  it('give no gradient to an argument that needs none', async () => {
    const x = leaf();
    const y = tensor([1, 2, 3], { dtype: 'float64' });
    const [first] = grad(Product.apply(x, y).sum(), [x]);
    expect(await first.toArray()).toEqual([1, 2, 3]);
  });

  it('refuse gradients that do not fit, and classes without backward', () => {
    class Wrong extends Reversal {
      static override backward(_: Context, gradient: Tensor): autograd.FunctionGradients {
        return gradient.sum();
      }
    }
    expect(() => {
      Wrong.apply(leaf()).sum().backward();
    }).toThrow(/the gradient of argument 0 does not fit/);
    class Half extends autograd.Function {}
    expect(() => (Half as unknown as typeof Reversal).apply(leaf())).toThrow(/has no static forward/);
  });
});

describe('derivatives of functions', () => {
  const x = (): Tensor => tensor([1, 2]);
  const f = (each: Tensor): Tensor => each.square().mul(tensor([[1], [3]]));

  it('jacobian', async () => {
    expect(await autograd.jacobian(f, x()).toArray()).toEqual([
      [
        [2, 0],
        [0, 4],
      ],
      [
        [6, 0],
        [0, 12],
      ],
    ]);
    expect(await autograd.jacobian(() => tensor([5]), x()).toArray()).toEqual([[0, 0]]);
  });

  it('hessian', async () => {
    const mixed = (each: Tensor): Tensor =>
      each
        .pow(3)
        .sum()
        .add(each.at(0).mul(each.at(1)));
    expect(await autograd.hessian(mixed, x()).toArray()).toEqual([
      [6, 1],
      [1, 12],
    ]);
    expect(await autograd.hessian((each) => each.sum(), x()).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(() => autograd.hessian(f, x())).toThrow(/one result/);
  });

  it('products of the Jacobian with vectors', async () => {
    const v = tensor([
      [1, 0],
      [2, 1],
    ]);
    const [result, pulled] = autograd.vjp(f, x(), v);
    expect(await result.toArray()).toEqual([
      [1, 4],
      [3, 12],
    ]);
    expect(await pulled.toArray()).toEqual([14, 12]);
    const [, pushed] = autograd.jvp(f, x(), tensor([1, -1]));
    expect(await pushed.toArray()).toEqual([
      [2, -4],
      [6, -12],
    ]);
    const [, none] = autograd.jvp(() => tensor([5]), x(), tensor([1, -1]));
    expect(await none.toArray()).toEqual([0]);
    expect(() => autograd.vjp(f, x(), x())).toThrow(/does not fit/);
  });
});
