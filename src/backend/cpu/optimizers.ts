import type { Params } from '../backend.ts';
import type { Twin } from './twin.ts';

/** Adam's bias corrections if steps were skipped; `stepSize` is the learning rate then. */
export function corrections(
  { stepSize, step, logBeta1, logBeta2 }: Params<'adam'>,
  skipped: number,
): { stepSize: number; rootCorrection2: number } {
  const taken = step - skipped;
  return {
    stepSize: stepSize / -Math.expm1(taken * logBeta1),
    rootCorrection2: Math.sqrt(-Math.expm1(taken * logBeta2)),
  };
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
    const gradient = sign * gradients[at]! + weightDecay * parameter;
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
    const gradient = sign * gradients[at]! + weightDecay * parameter;
    const m = mean[at]! + oneMinusBeta1 * (gradient - mean[at]!);
    const v = beta2 * variance[at]! + oneMinusBeta2 * gradient * gradient;
    mean[at] = m;
    variance[at] = v;
    parameters[at] = shrink * parameter - (stepSize * m) / (Math.sqrt(v) / rootCorrection2 + eps);
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
    const gradient = sign * gradients[at]! + weightDecay * parameter;
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
