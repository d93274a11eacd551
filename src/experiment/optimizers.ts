import { Adam, type Optimizer, SGD } from '../optim/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { OptimizerConfiguration } from './configuration.ts';

/** The optimizer that a configuration describes. */
export function buildOptimizer(
  configuration: OptimizerConfiguration,
  parameters: readonly Tensor[],
): Optimizer {
  switch (configuration.name) {
    case 'adam':
      return new Adam(parameters, configuration);
    case 'sgd':
      return new SGD(parameters, configuration);
  }
}
