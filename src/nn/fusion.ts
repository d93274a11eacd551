import type { Tensor } from '../tensor/tensor.ts';
import { hasHooks } from './hooks.ts';
import type { AnyModule } from './module.ts';

/**
 * What a chain of modules may do with one of them instead of calling `forward`. A class declares it as a static property
 * `fusion`. Subclasses do not inherit the declaration, because they may compute something else.
 *
 * @example
 * class Scale extends Module {
 *   static readonly fusion: Fusion<Scale> = { withRelu: (layer, x) => scaleRelu(x, layer.factor) };
 *   …
 * }
 */
export interface Fusion<M extends AnyModule = AnyModule> {
  /** Whether the module is relu and nothing else. */
  readonly isRelu?: true;
  /** Whether the module selects some of the elements by their order, as max pooling does: relu may as well come after it. */
  readonly selects?: true;
  /** relu(forward(x)) in one launch. */
  readonly withRelu?: (layer: M, x: Tensor) => Tensor;
}

const NONE: Fusion = {};

/** The declaration of a module's class; nothing for a module with hooks, or whose own `forward` replaces that of its class. */
export function fusionOf(module: AnyModule | undefined): Fusion {
  if (
    !module ||
    hasHooks(module) ||
    Object.hasOwn(module, 'forward') ||
    !Object.hasOwn(module.constructor, 'fusion')
  )
    return NONE;
  return (module.constructor as unknown as { readonly fusion: Fusion }).fusion;
}
