import type { Params } from '../../backend.ts';
import type { TypedArray } from '../../dtypes.ts';
import { codes } from '../../signatures.ts';
import { corrections, momentFactors } from '../optimizers.ts';
import type { Fields } from './jobs.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

const { AMSGRAD, NADAM, ADAGRAD, LION } = codes.moments;

/** Elements of a task, and the cost of one in multiplications of a product. Memory dominates it. */
const TASK = 16_384;
const COST = 16;

/** How the steps of a buffer are shared: any thread takes any task. */
const shares = (size: number): { tasks: number; work: number } => ({
  tasks: Math.ceil(size / TASK),
  work: COST * size,
});

/** The fields that Adam and `moments` share. */
function momentFields(
  {
    gradients,
    parameters,
    mean,
    variance,
  }: Record<'gradients' | 'parameters' | 'mean' | 'variance', TypedArray>,
  params: Params<'adam'> | Params<'moments'>,
): Omit<Fields['adam'], 'stepSize' | 'deviationScale'> {
  const { size, offset, sign, oneMinusBeta1, beta2, oneMinusBeta2, eps, weightDecay, shrink } = params;
  return {
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
  };
}

export const adam: SimdTwin<'adam'> = (module, buffers, params, { GUARDED = false }) => {
  const { gradients, parameters, mean, variance, counts } = buffers;
  if (!fits(gradients, parameters, mean, variance)) return false;
  if (GUARDED && counts[0] !== 0) return true;
  const { stepSize, rootCorrection2 } = GUARDED ? corrections(params, counts[2]!) : params;
  const fields = { ...momentFields(buffers, params), stepSize, deviationScale: 1 / rootCorrection2 };
  module.run('adam', fields, shares(params.size));
  return true;
};

export const sgd: SimdTwin<'sgd'> = (
  module,
  { gradients, parameters, velocity, counts },
  { size, offset, sign, lr, momentum, dampening, weightDecay, step, nesterov },
  { GUARDED = false },
) => {
  if (!fits(gradients, parameters) || (momentum !== 0 && !fits(velocity))) return false;
  if (GUARDED && counts[0] !== 0) return true;
  const fields = {
    gradients: address(gradients, offset),
    parameters: address(parameters, offset),
    velocity: address(velocity, offset),
    size,
    taskSize: TASK,
    sign,
    lr,
    momentum,
    oneMinusDampening: 1 - dampening,
    weightDecay,
    firstStep: Number(step - (GUARDED ? counts[2]! : 0) === 1),
    nesterov,
  };
  module.run('sgd', fields, shares(size));
  return true;
};

export const rmsprop: SimdTwin<'rmsprop'> = (
  module,
  { gradients, parameters, squares, means, velocity, counts },
  { size, offset, sign, lr, alpha, oneMinusAlpha, eps, weightDecay, momentum },
  { CENTERED = false, GUARDED = false },
) => {
  if (!fits(gradients, parameters, squares)) return false;
  if ((CENTERED && !fits(means)) || (momentum !== 0 && !fits(velocity))) return false;
  if (GUARDED && counts[0] !== 0) return true;
  const fields = {
    gradients: address(gradients, offset),
    parameters: address(parameters, offset),
    squares: address(squares, offset),
    means: CENTERED ? address(means, offset) : 0,
    velocity: address(velocity, offset),
    size,
    taskSize: TASK,
    sign,
    lr,
    alpha,
    oneMinusAlpha,
    eps,
    weightDecay,
    momentum,
  };
  module.run('rmsprop', fields, shares(size));
  return true;
};

export const moments: SimdTwin<'moments'> = (
  module,
  buffers,
  params,
  { FORM = AMSGRAD, GUARDED = false },
) => {
  const { gradients, parameters, mean, variance, third, counts } = buffers;
  if (!fits(gradients, parameters)) return false;
  if (FORM !== ADAGRAD && !fits(mean)) return false;
  if (FORM !== LION && !fits(variance)) return false;
  if ((FORM === AMSGRAD || FORM === NADAM) && !fits(third)) return false;
  if (GUARDED && counts[0] !== 0) return true;
  const { rootCorrection2, ...factors } = momentFactors(FORM, params, GUARDED ? counts[2]! : 0);
  const fields = {
    form: FORM,
    ...momentFields(buffers, params),
    third: address(third, params.offset),
    lr: params.lr,
    ...factors,
    deviationScale: 1 / rootCorrection2,
  };
  module.run('moments', fields, shares(params.size));
  return true;
};
