import type { GeluForm } from '../ops/activations.ts';
import { elu, hardswish, prelu } from '../ops/piecewise.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { full, MODULE, type ModuleCreateOptions } from '../tensor/create.ts';
import { INTEGER, oneOf, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Fusion } from './fusion.ts';
import { checkInput, checkSizes } from './moduleArguments.ts';
import { Module } from './module.ts';
import { toBeListed } from './parameter.ts';
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

/** x · min(max(x + 3, 0), 6) / 6. */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return hardswish(x);
  }
}

const eluArguments = signature<{ alpha?: number }>('ELU', {}, { alpha: REAL });

/** x if x > 0, otherwise alpha · (eˣ - 1). */
export class ELU extends Module {
  readonly alpha: number;

  constructor(...rest: [alpha?: Maybe<number>] | [options: { alpha?: Maybe<number> }]) {
    super();
    this.alpha = eluArguments(rest).alpha ?? 1;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return elu(x, this.alpha);
  }

  override extraRepr(): string {
    return keywords({ alpha: this.alpha });
  }
}

const softplusArguments = signature<{ beta?: number; threshold?: number }>(
  'Softplus',
  {},
  { beta: REAL, threshold: REAL },
);

/** log(1 + e^(βx)) / β, and x where βx exceeds the threshold. */
export class Softplus extends Module {
  readonly beta: number;
  readonly threshold: number;

  constructor(
    ...rest:
      | [beta?: Maybe<number>, threshold?: Maybe<number>]
      | [options: { beta?: Maybe<number>; threshold?: Maybe<number> }]
  ) {
    super();
    const { beta = 1, threshold = 20 } = softplusArguments(rest);
    this.beta = beta;
    this.threshold = threshold;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x.softplus(this.beta, this.threshold);
  }

  override extraRepr(): string {
    return keywords({ beta: this.beta, threshold: this.threshold });
  }
}

const preluArguments = signature<ModuleCreateOptions & { numParameters?: number; init?: number }>(
  'PReLU',
  {},
  { numParameters: INTEGER, init: REAL, ...MODULE },
  2,
);

/**
 * x if x > 0, otherwise weight · x with a trained weight: one for all, or one for each channel.
 *
 * @param rest numParameters, 1 by default, and the first weights, 0.25 by default
 */
export class PReLU extends Module {
  readonly weight: Tensor;

  constructor(
    ...rest:
      | [options?: Maybe<ModuleCreateOptions & { numParameters?: Maybe<number>; init?: Maybe<number> }>]
      | [numParameters: Maybe<number>, init?: Maybe<number>, options?: Maybe<ModuleCreateOptions>]
  ) {
    super();
    const { numParameters = 1, init = 0.25, ...create } = preluArguments(rest);
    checkSizes('PReLU', [numParameters]);
    this.weight = toBeListed(full([numParameters], init, { ...create, requiresGrad: true }));
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return prelu(x, this.weight);
  }

  override extraRepr(): string {
    return keywords({ numParameters: this.weight.numel() });
  }
}

/** A function along a dim. */
abstract class AlongDim extends Module {
  readonly dim: number;

  constructor(dim: number) {
    super();
    signature(new.target.name, { dim: INTEGER })(arguments);
    this.dim = dim;
  }

  override extraRepr(): string {
    return keywords({ dim: this.dim });
  }
}

/** Probabilities along a dim: see `softmax`. */
export class Softmax extends AlongDim {
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x.softmax(this.dim);
  }
}

/** Logarithms of probabilities along a dim: see `logSoftmax`. */
export class LogSoftmax extends AlongDim {
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x.logSoftmax(this.dim);
  }
}

/** x. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return x;
  }
}
