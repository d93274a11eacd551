import type { Tensor } from '../tensor/tensor.ts';
import { ReLU } from './activations.ts';
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
    let value = x;
    for (let index = 0; index < this.layers.length; index++) {
      const layer = this.layers[index]!;
      const takesRelu = takesReluAlong(layer) && isPlainRelu(this.layers[index + 1]);
      value = takesRelu ? layer.forwardRelu!(value) : layer.forward(value);
      if (takesRelu) index++;
    }
    return value;
  }
}

/** Whether the layer's own class has the pair in one: a class made from it, or the layer itself, may go another way. */
function takesReluAlong(layer: Module): boolean {
  return (
    Object.hasOwn(Object.getPrototypeOf(layer) as object, 'forwardRelu') && !Object.hasOwn(layer, 'forward')
  );
}

function isPlainRelu(layer: Module | undefined): boolean {
  return layer?.constructor === ReLU && !Object.hasOwn(layer, 'forward');
}
