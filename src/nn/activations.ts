import type { GeluForm } from '../ops/activations.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { oneOf, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Fusion } from './fusion.ts';
import { checkInput } from './moduleArguments.ts';
import { Module } from './module.ts';
import { keywords } from './representation.ts';

/** max(x, 0). */
export class ReLU extends Module {
  static readonly fusion: Fusion = { isRelu: true };

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x.relu();
  }
}

const leakyReluArguments = signature<{ negativeSlope?: number }>('LeakyReLU', {}, { negativeSlope: REAL });

/** x if x ≥ 0, otherwise negativeSlope · x. */
export class LeakyReLU extends Module {
  readonly negativeSlope: number;

  constructor(...rest: [negativeSlope?: Maybe<number>] | [options: { negativeSlope?: Maybe<number> }]) {
    super();
    this.negativeSlope = leakyReluArguments(rest).negativeSlope ?? 0.01;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x.leakyRelu(this.negativeSlope);
  }

  override extraRepr(): string {
    return keywords({ negativeSlope: this.negativeSlope });
  }
}

const geluArguments = signature<{ approximate?: GeluForm }>(
  'GELU',
  {},
  { approximate: oneOf('none', 'tanh') },
);

/** x · Φ(x), or its approximation by tanh. */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh';

  constructor(...rest: [options?: { approximate?: Maybe<GeluForm> }] | [approximate?: Maybe<GeluForm>]) {
    super();
    this.approximate = geluArguments(rest).approximate ?? 'none';
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x.gelu({ approximate: this.approximate });
  }

  override extraRepr(): string {
    return keywords({ approximate: this.approximate });
  }
}

/** x · σ(x). */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x.silu();
  }
}

/** 1 / (1 + e^(-x)). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x.sigmoid();
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x.tanh();
  }
}
