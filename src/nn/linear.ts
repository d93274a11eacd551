import { linear } from '../ops/linear.ts';
import type { CreateOptions } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { symmetricUniform } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Fusion } from './fusion.ts';
import { kaimingUniform } from './init.ts';
import { Module } from './module.ts';
import { keywords } from './representation.ts';

/**
 * The affine map x Wᵀ + b on the last dim of x.
 *
 * Weight [outFeatures, inFeatures] and bias [outFeatures] are initialised uniformly in ±1 / √inFeatures, as in PyTorch.
 *
 * @param options.bias whether there is a bias; true by default
 * @throws ArgumentError for sizes that are not positive integers
 * @example
 * new Linear(784, 10).forward(rand([64, 784])); // float32[64, 10]
 */
export class Linear extends Module {
  static readonly fusion: Fusion<Linear> = {
    withRelu: ({ weight, bias }, x) => linear(x, weight, bias, { activation: 'relu' }),
  };
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;

  constructor(inFeatures: number, outFeatures: number, options: { bias?: boolean } & CreateOptions = {}) {
    super();
    const { bias = true, ...create } = options;
    if (![inFeatures, outFeatures].every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw new ArgumentError('Linear', 'invalid size', {
        takes: 'positive integers',
        got: `inFeatures ${inFeatures}, outFeatures ${outFeatures}`,
      });
    }
    const trained = { ...create, requiresGrad: true };
    this.weight = kaimingUniform([outFeatures, inFeatures], { ...trained, a: Math.sqrt(5) });
    this.bias = bias ? symmetricUniform([outFeatures], 1 / Math.sqrt(inFeatures), trained) : undefined;
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  override extraRepr(): string {
    const [outFeatures, inFeatures] = this.weight.shape;
    return keywords({ inFeatures, outFeatures, bias: this.bias !== undefined });
  }
}
