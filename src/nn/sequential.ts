import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';

/**
 * Modules one after another, named by their positions.
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
    return this.layers.reduce((value, layer) => layer.forward(value), x);
  }
}
