import { type Rest, signature } from '../tensor/arguments.ts';
import { dense, freeCopy } from '../tensor/dense.ts';
import { BOOLEAN, TENSOR } from '../tensor/kinds.ts';
import { Tensor } from '../tensor/tensor.ts';

const takes = signature<{ requiresGrad?: boolean }>('Parameter', { data: TENSOR }, { requiresGrad: BOOLEAN });

/**
 * A tensor that a module trains, on the storage of another tensor. A tensor that was made with `requiresGrad: true` is a
 * parameter already; this makes one of any other, for example of the result of operations.
 *
 * `backward` warns if it reaches a Parameter, or one of a layer, that no module lists, in a #private field for example,
 * and also parameters of an optimizer: the optimizer misses it.
 *
 * @param rest requiresGrad, in order or by name: false for a parameter that is frozen at first
 * @throws GradientError for a dtype that is not floating
 * @example
 * class Scale extends Module {
 *   readonly factor: Tensor = new Parameter(randn([8]).mul(0.02));
 *   …
 * }
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, ...rest: [requiresGrad: boolean] | Rest<{ requiresGrad?: boolean }>) {
    const { requiresGrad = true } = takes([data, ...rest]);
    const whole = dense(data);
    super(whole.storage.retain(), whole);
    freeCopy(whole, data);
    this.requiresGrad = true;
    toBeListed(this);
    this.requiresGrad = requiresGrad;
  }
}

/** Declares that a module has to list a tensor with `requiresGrad`, and returns it: see `Parameter`. */
export function toBeListed(tensor: Tensor): Tensor {
  tensor.leaf!.unlisted = true;
  return tensor;
}

const buffers = new WeakSet<Tensor>();

const transient = new WeakSet<Tensor>();

/** Keeps a buffer out of state dicts. */
export function leaveOut(tensor: Tensor): void {
  transient.add(tensor);
}

/** Whether a state dict contains a tensor. */
export function isSaved(tensor: Tensor): boolean {
  return !transient.has(tensor);
}

/** Declares a tensor a buffer, which is saved and moved with its module, and is never a parameter. */
export function buffer(tensor: Tensor): Tensor {
  buffers.add(tensor);
  return tensor;
}

/**
 * Whether a tensor of a module is a parameter: it required a gradient when a module first listed it, or before. Freezing
 * it later does not change that, nor does `requiresGrad = true` for a buffer.
 */
export function isParameter(tensor: Tensor): boolean {
  if (buffers.has(tensor)) return false;
  const { leaf } = tensor;
  if (leaf) leaf.unlisted = false;
  else buffers.add(tensor);
  return leaf !== undefined;
}
