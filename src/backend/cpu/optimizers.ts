import type { Params } from '../backend.ts';
import { codes } from '../signatures.ts';
import type { Twin } from './twin.ts';

/** At least 1: some steps may have been skipped before the first of a parameter, and only their total is known. */
function stepsTaken(step: number, skipped: number): number {
  return Math.max(1, step - skipped);
}

/** Adam's bias corrections if steps were skipped; `stepSize` is the learning rate then. */
export function corrections(
  { stepSize, step, logBeta1, logBeta2 }: Pick<Params<'adam'>, 'stepSize' | 'step' | 'logBeta1' | 'logBeta2'>,
  skipped: number,
): { stepSize: number; rootCorrection2: number } {
  const taken = stepsTaken(step, skipped);
  return {
    stepSize: stepSize / -Math.expm1(taken * logBeta1),
    rootCorrection2: Math.sqrt(-Math.expm1(taken * logBeta2)),
  };
}

/** The gradient to follow: sign · g + weightDecay · p. 0 · p would be NaN for an infinite p. */
function followed(sign: number, gradient: number, weightDecay: number, parameter: number): number {
  return sign * gradient + (weightDecay === 0 ? 0 : weightDecay * parameter);
}

export const sgd: Twin<'sgd'> = (
  { gradients, parameters, velocity, counts },
  params,
  { GUARDED = false },
) => {
  if (GUARDED && counts[0] !== 0) return;
  const { size, offset, sign, lr, momentum, dampening, weightDecay, step, nesterov } = params;
  const firstStep = step - (GUARDED ? counts[2]! : 0) === 1;
  for (let at = offset; at < offset + size; at++) {
    const parameter = parameters[at]!;
    const gradient = followed(sign, gradients[at]!, weightDecay, parameter);
    let direction = gradient;
    if (momentum !== 0) {
      const v = firstStep ? gradient : momentum * velocity[at]! + (1 - dampening) * gradient;
      velocity[at] = v;
      direction = nesterov ? gradient + momentum * v : v;
    }
    parameters[at] = parameter - lr * direction;
  }
};

export const adam: Twin<'adam'> = (
  { gradients, parameters, mean, variance, counts },
  params,
  { GUARDED = false },
) => {
  if (GUARDED && counts[0] !== 0) return;
  const { size, offset, sign, oneMinusBeta1, beta2, oneMinusBeta2 } = params;
  const { eps, weightDecay, shrink } = params;
  const { stepSize, rootCorrection2 } = GUARDED ? corrections(params, counts[2]!) : params;
  for (let at = offset; at < offset + size; at++) {
    const parameter = parameters[at]!;
    const gradient = followed(sign, gradients[at]!, weightDecay, parameter);
    const m = mean[at]! + oneMinusBeta1 * (gradient - mean[at]!);
    const v = beta2 * variance[at]! + oneMinusBeta2 * gradient * gradient;
    mean[at] = m;
    variance[at] = v;
    parameters[at] = shrink * parameter - (stepSize * m) / (Math.sqrt(v) / rootCorrection2 + eps);
  }
};

const { AMSGRAD, NADAM, RADAM, ADAGRAD, LION } = codes.moments;

/** RAdam's factor of 1 / (√v + eps), or 0 as long as the variance is not known well enough. */
function rectified({ logBeta2, oneMinusBeta2, rho }: Params<'moments'>, taken: number): number {
  const u = -taken * logBeta2;
  const all = 2 / oneMinusBeta2 - 1;
  const length = rho - (2 / logBeta2) * (1 - u / Math.expm1(u));
  if (length <= 5) return 0;
  return Math.sqrt(
    -Math.expm1(-u) * ((length - 4) / (all - 4)) * ((length - 2) / (all - 2)) * (all / length),
  );
}

/** What a step of `moments` needs beside the parameters, if steps were skipped. */
export function momentFactors(
  form: number,
  params: Params<'moments'>,
  skipped: number,
): Record<'stepSize' | 'rootCorrection2' | 'now' | 'next' | 'rectification' | 'rate', number> {
  const { step, oneMinusBeta1, decay } = params;
  const taken = stepsTaken(step, skipped);
  const nesterov = (at: number): number => (1 - oneMinusBeta1) * (1 - 0.5 * Math.exp(at * decay));
  return {
    ...corrections({ ...params, stepSize: 1 }, skipped),
    now: nesterov(taken),
    next: nesterov(taken + 1),
    rectification: form === RADAM ? rectified(params, taken) : 0,
    rate: 1 / (1 + (taken - 1) * decay),
  };
}

export const moments: Twin<'moments'> = (
  { gradients, parameters, mean, variance, third, counts },
  params,
  { FORM = AMSGRAD, GUARDED = false },
) => {
  if (GUARDED && counts[0] !== 0) return;
  const { size, offset, sign, lr, oneMinusBeta1, beta2, oneMinusBeta2, eps, weightDecay, shrink } = params;
  const factors = momentFactors(FORM, params, GUARDED ? counts[2]! : 0);
  const { stepSize, rootCorrection2, now, next, rectification, rate } = factors;
  for (let at = offset; at < offset + size; at++) {
    const parameter = parameters[at]!;
    const gradient = followed(sign, gradients[at]!, weightDecay, parameter);
    let m = 0;
    if (FORM !== ADAGRAD) {
      const before = mean[at]!;
      m = before + oneMinusBeta1 * (gradient - before);
      mean[at] = FORM === LION ? before + oneMinusBeta2 * (gradient - before) : m;
    }
    let v = 0;
    if (FORM !== LION) variance[at] = v = beta2 * variance[at]! + oneMinusBeta2 * gradient * gradient;
    let d;
    if (FORM === AMSGRAD) {
      const w = (third[at] = Math.max(third[at]!, v));
      d = (stepSize * m) / (Math.sqrt(w) / rootCorrection2 + eps);
    } else if (FORM === NADAM) {
      const w = (third[at] = third[at]! * now);
      d =
        (((1 - now) / (1 - w)) * gradient + (next / (1 - w * next)) * m) /
        (Math.sqrt(v) / rootCorrection2 + eps);
    } else if (FORM === RADAM) {
      d = stepSize * m;
      if (rectification > 0) d *= rectification / (Math.sqrt(v) + eps);
    } else if (FORM === ADAGRAD) d = (rate * gradient) / (Math.sqrt(v) + eps);
    else d = Math.sign(m);
    parameters[at] = shrink * parameter - lr * d;
  }
};

export const rmsprop: Twin<'rmsprop'> = (
  { gradients, parameters, squares, means, velocity, counts },
  { size, offset, sign, lr, alpha, oneMinusAlpha, eps, weightDecay, momentum },
  { CENTERED = false, GUARDED = false },
) => {
  if (GUARDED && counts[0] !== 0) return;
  for (let at = offset; at < offset + size; at++) {
    const parameter = parameters[at]!;
    const gradient = followed(sign, gradients[at]!, weightDecay, parameter);
    const square = alpha * squares[at]! + oneMinusAlpha * gradient * gradient;
    squares[at] = square;
    let variance = square;
    if (CENTERED) {
      const mean = means[at]! + oneMinusAlpha * (gradient - means[at]!);
      means[at] = mean;
      variance = square - mean * mean;
      if (variance < 0) variance = 0;
    }
    let direction = gradient / (Math.sqrt(variance) + eps);
    if (momentum !== 0) velocity[at] = direction = momentum * velocity[at]! + direction;
    parameters[at] = parameter - lr * direction;
  }
};
