import type { Backend } from '../../backend/backend.ts';
import { WgradError } from '../../backend/errors.ts';
import {
  Adagrad,
  Adam,
  AdamW,
  GradScaler,
  Lion,
  NAdam,
  type Optimizer,
  RAdam,
  RMSprop,
  SGD,
} from '../../optim/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { OptimizerConfiguration, TrainConfiguration } from '../config/configuration.ts';

/** The optimizer that a configuration describes. */
export function buildOptimizer(
  configuration: OptimizerConfiguration,
  parameters: readonly Tensor[],
): Optimizer {
  switch (configuration.name) {
    case 'adam':
      return new Adam(parameters, optionsOf(configuration));
    case 'adamw':
      return new AdamW(parameters, optionsOf(configuration));
    case 'adagrad':
      return new Adagrad(parameters, optionsOf(configuration));
    case 'nadam':
      return new NAdam(parameters, optionsOf(configuration));
    case 'radam':
      return new RAdam(parameters, optionsOf(configuration));
    case 'lion':
      return new Lion(parameters, optionsOf(configuration));
    case 'rmsprop':
      return new RMSprop(parameters, optionsOf(configuration));
    case 'sgd':
      return new SGD(parameters, optionsOf(configuration));
  }
}

function optionsOf<C extends OptimizerConfiguration>({ name: _, ...options }: C): Omit<C, 'name'> {
  return options;
}

/**
 * The scaler of the loss for `train.precision=float16`; undefined for float32.
 *
 * @throws WgradError if the device has no float16
 */
export function buildScaler({ precision }: TrainConfiguration, device: Backend): GradScaler | undefined {
  if (precision === 'float32') return undefined;
  if (device.supports('float16')) return new GradScaler({ device });
  throw new WgradError(
    `train.precision float16 takes a device with float16 (WebGPU's feature 'shader-f16'); ${device.description} does ` +
      'not have it. Train with train.precision=float32, another adapter, or device=cpu, which rounds in the same way.',
  );
}
