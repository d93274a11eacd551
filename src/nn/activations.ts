import type { Tensor } from '../tensor/tensor.ts';
import type { Fusion } from './fusion.ts';
import { Module } from './module.ts';
import { keywords } from './representation.ts';

/** max(x, 0). */
export class ReLU extends Module {
  static readonly fusion: Fusion = { isRelu: true };

  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** x if x ≥ 0, otherwise negativeSlope · x. */
export class LeakyReLU extends Module {
  readonly negativeSlope: number;

  constructor(negativeSlope: number = 0.01) {
    super();
    this.negativeSlope = negativeSlope;
  }

  override forward(x: Tensor): Tensor {
    return x.leakyRelu(this.negativeSlope);
  }

  override extraRepr(): string {
    return keywords({ negativeSlope: this.negativeSlope });
  }
}

/** x · Φ(x), or its approximation by tanh. */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh';

  constructor(options: { approximate?: 'none' | 'tanh' } = {}) {
    super();
    this.approximate = options.approximate ?? 'none';
  }

  override forward(x: Tensor): Tensor {
    return x.gelu({ approximate: this.approximate });
  }

  override extraRepr(): string {
    return keywords({ approximate: this.approximate });
  }
}

/** x · σ(x). */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.silu();
  }
}

/** 1 / (1 + e^(-x)). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}
