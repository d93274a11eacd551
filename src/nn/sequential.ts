import type { Tensor } from '../tensor/tensor.ts';
import { fusionOf } from './fusion.ts';
import { Module } from './module.ts';

/**
 * Applies modules one after another. They are named by their positions.
 *
 * @example
 * new Sequential(new Flatten(), new Linear(784, 10)).stateDict(); // 1.weight, 1.bias
 */
export class Sequential extends Module {
  readonly layers: readonly Module[];

  constructor(...layers: readonly Module[]) {
    super();
    this.layers = layers;
  }

  override namedChildren(): [string, Module][] {
    return this.layers.map((layer, index) => [String(index), layer]);
  }

  override forward(x: Tensor): Tensor {
    const { layers } = this;
    let value = x;
    for (let index = 0; index < layers.length; index++) {
      const layer = layers[index]!;
      const next = layers[index + 1];
      const { isRelu, withRelu } = fusionOf(layer);
      if (isRelu && next && fusionOf(next).selects) {
        // relu(max(x)) = max(relu(x)), and the maxima are fewer.
        value = layer.forward(next.forward(value));
        index++;
      } else if (withRelu && fusionOf(next).isRelu && !fusionOf(layers[index + 2]).selects) {
        value = withRelu(layer, value);
        index++;
      } else value = layer.forward(value);
    }
    return value;
  }
}
