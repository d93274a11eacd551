import type { Tensor } from '../tensor/tensor.ts';
import { ReLU } from './activations.ts';
import { Module } from './module.ts';
import { MaxPool2d } from './pooling.ts';

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
    let value = x;
    for (let index = 0; index < this.layers.length; index++) {
      const layer = this.layers[index]!;
      const next = this.layers[index + 1];
      if (isPlain(layer, ReLU) && isPlain(next, MaxPool2d)) {
        // The maximum of what relu leaves is what relu leaves of the maximum, of which there are fewer.
        value = layer.forward(next!.forward(value));
        index++;
      } else if (
        takesReluAlong(layer) &&
        isPlain(next, ReLU) &&
        !isPlain(this.layers[index + 2], MaxPool2d)
      ) {
        value = layer.forwardRelu!(value);
        index++;
      } else value = layer.forward(value);
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

function isPlain(layer: Module | undefined, kind: typeof ReLU | typeof MaxPool2d): boolean {
  return layer?.constructor === kind && !Object.hasOwn(layer, 'forward');
}
