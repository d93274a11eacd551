import type { Twin } from './twin.ts';

export const sgd: Twin<'sgd'> = ({ gradients, parameters, velocity }, params) => {
  const { size, offset, sign, lr, momentum, dampening, weightDecay, firstStep, nesterov } = params;
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

export const adam: Twin<'adam'> = ({ gradients, parameters, mean, variance }, params) => {
  const { size, offset, sign, oneMinusBeta1, beta2, oneMinusBeta2 } = params;
  const { eps, weightDecay, shrink, stepSize, rootCorrection2 } = params;
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
  { gradients, parameters, squares, means, velocity },
  { size, offset, sign, lr, alpha, oneMinusAlpha, eps, weightDecay, momentum },
  { CENTERED = false },
) => {
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
