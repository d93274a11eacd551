import { Adam, AdamW, type Optimizer, RMSprop, SGD } from '../../optim/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { OptimizerConfiguration } from '../config/configuration.ts';

/** The optimizer that a configuration describes. */
export function buildOptimizer(
  configuration: OptimizerConfiguration,
  parameters: readonly Tensor[],
): Optimizer {
  switch (configuration.name) {
    case 'adam':
      return new Adam(parameters, configuration);
    case 'adamw':
      return new AdamW(parameters, configuration);
    case 'rmsprop':
      return new RMSprop(parameters, configuration);
    case 'sgd':
      return new SGD(parameters, configuration);
  }
}
