import { corrections } from '../optimizers.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Elements of a task, and the cost of one in multiplications of a product. */
const TASK = 16_384;
const COST = 16;

export const adam: SimdTwin<'adam'> = (
  module,
  { gradients, parameters, mean, variance, counts },
  params,
  { GUARDED = false },
) => {
  if (!fits(gradients, parameters, mean, variance)) return false;
  if (GUARDED && counts[0] !== 0) return true;
  const { size, offset, sign, oneMinusBeta1, beta2, oneMinusBeta2, eps, weightDecay, shrink } = params;
  const { stepSize, rootCorrection2 } = GUARDED ? corrections(params, counts[2]!) : params;
  const fields = {
    gradients: address(gradients, offset),
    parameters: address(parameters, offset),
    mean: address(mean, offset),
    variance: address(variance, offset),
    size,
    taskSize: TASK,
    sign,
    oneMinusBeta1,
    beta2,
    oneMinusBeta2,
    eps,
    weightDecay,
    shrink,
    stepSize,
    rootCorrection2,
  };
  module.run('adam', fields, { tasks: Math.ceil(size / TASK), work: COST * size });
  return true;
};
