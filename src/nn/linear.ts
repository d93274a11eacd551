import { linear } from '../ops/linear.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { MODULE, type ModuleCreateOptions } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { BOOLEAN, NUMBER } from '../tensor/kinds.ts';
import { symmetricUniform } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Fusion } from './fusion.ts';
import { kaimingUniform } from './init.ts';
import { Module } from './module.ts';
import { toBeListed } from './parameter.ts';
import { checkInput } from './moduleArguments.ts';
import { keywords } from './representation.ts';

const takes = signature<ModuleCreateOptions & { bias?: boolean }>(
  'Linear',
  { inFeatures: NUMBER, outFeatures: NUMBER },
  { bias: BOOLEAN, ...MODULE },
  1,
);

/**
 * The affine map x Wᵀ + b on the last dim of x.
 *
 * Weight [outFeatures, inFeatures] and bias [outFeatures] are initialised uniformly in ±1 / √inFeatures, as in PyTorch.
 *
 * @param rest bias: whether there is a bias; true by default
 * @throws ArgumentError for sizes that are not positive integers
 * @example
 * new Linear(784, 10).forward(rand([64, 784])); // float32[64, 10]
 */
export class Linear extends Module {
  static readonly fusion: Fusion<Linear> = {
    withRelu: ({ weight, bias }, x) => linear(x, weight, bias, { activation: 'relu' }),
  };
  weight: Tensor;
  readonly bias: Tensor | undefined;

  constructor(
    inFeatures: number,
    outFeatures: number,
    ...rest:
      | [options?: Maybe<ModuleCreateOptions & { bias?: Maybe<boolean> }>]
      | [bias: Maybe<boolean>, options?: Maybe<ModuleCreateOptions>]
  ) {
    super();
    const { bias = true, ...create } = takes([inFeatures, outFeatures, ...rest]);
    if (![inFeatures, outFeatures].every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw new ArgumentError('Linear', 'invalid size', {
        takes: 'positive integers',
        got: `inFeatures ${inFeatures}, outFeatures ${outFeatures}`,
      });
    }
    const trained = { ...create, requiresGrad: true };
    this.weight = toBeListed(kaimingUniform([outFeatures, inFeatures], { ...trained, a: Math.sqrt(5) }));
    this.bias = bias
      ? toBeListed(symmetricUniform([outFeatures], 1 / Math.sqrt(inFeatures), trained))
      : undefined;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return linear(x, this.weight, this.bias);
  }

  override extraRepr(): string {
    const [outFeatures, inFeatures] = this.weight.shape;
    return keywords({ inFeatures, outFeatures, bias: this.bias !== undefined });
  }
}
