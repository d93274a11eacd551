import type { Twin } from './twin.ts';

export const sgd: Twin<'sgd'> = ({ gradients, parameters, velocity }, params) => {
  const { size, offset, lr, momentum, dampening, weightDecay, firstStep, nesterov } = params;
  for (let at = offset; at < offset + size; at++) {
    const parameter = parameters[at]!;
    const gradient = gradients[at]! + weightDecay * parameter;
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
  const { size, offset, oneMinusBeta1, beta2, oneMinusBeta2, eps, weightDecay, stepSize, rootCorrection2 } =
    params;
  for (let at = offset; at < offset + size; at++) {
    const parameter = parameters[at]!;
    const gradient = gradients[at]! + weightDecay * parameter;
    const m = mean[at]! + oneMinusBeta1 * (gradient - mean[at]!);
    const v = beta2 * variance[at]! + oneMinusBeta2 * gradient * gradient;
    mean[at] = m;
    variance[at] = v;
    parameters[at] = parameter - (stepSize * m) / (Math.sqrt(v) / rootCorrection2 + eps);
  }
};
