import { ANY, signature } from '../tensor/arguments.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkInput } from './moduleArguments.ts';
import { fusionOf } from './fusion.ts';
import { Module, requireModule } from './module.ts';

const takes = { append: signature('Sequential.append', { module: ANY }) };

/**
 * Applies modules one after another. They are named by their positions, and `sequential[0]` is the first.
 *
 * @example
 * new Sequential(new Flatten(), new Linear(784, 10)).stateDict(); // 1.weight, 1.bias
 */
export class Sequential extends Module {
  /** The modules by position. */
  [index: number]: Module;

  constructor(...layers: readonly Module[]) {
    super();
    for (const [index, layer] of layers.entries()) {
      requireModule('Sequential', index, layer);
      this[index] = layer;
    }
  }

  /** Adds a module at the end. */
  append(module: Module): this {
    takes.append(arguments);
    const { length } = this.layers;
    requireModule('Sequential', length, module);
    this[length] = module;
    return this;
  }

  /** The modules in order. To replace one, assign to its position: `sequential[0] = module`. */
  get layers(): readonly Module[] {
    const layers: Module[] = [];
    for (let index = 0; this[index]; index++) layers.push(this[index]!);
    return Object.freeze(layers);
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
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
