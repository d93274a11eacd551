import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { type RandomOptions, symmetricUniform } from '../tensor/random.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Inputs and outputs that one unit of a weight sees: sizes of dims 1 and 0, times the receptive field. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new ShapeError('fans', 'no fan of a vector', {
      takes: 'a weight of two dims or more',
      got: formatShape(shape),
    });
  }
  const field = sizeOf(shape.slice(2));
  return { fanIn: shape[1]! * field, fanOut: shape[0]! * field };
}

/**
 * Uniform numbers in [-bound, bound), bound = √3 · gain / √fanIn, gain = √(2 / (1 + a²)).
 *
 * Source: He, Zhang, Ren, Sun: Delving deep into rectifiers (2015).
 *
 * @param options.a the slope of the leaky relu that follows; PyTorch's layers use √5, which gives 1 / √fanIn
 */
export function kaimingUniform(shape: Shape, options: RandomOptions & { a?: number } = {}): Tensor {
  const { a = 0, ...random } = options;
  const gain = Math.sqrt(2 / (1 + a * a));
  return symmetricUniform(shape, (Math.sqrt(3) * gain) / Math.sqrt(fans(shape).fanIn), random);
}

/**
 * Uniform numbers in [-bound, bound), bound = gain · √(6 / (fanIn + fanOut)).
 *
 * Source: Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (2010).
 */
export function xavierUniform(shape: Shape, options: RandomOptions & { gain?: number } = {}): Tensor {
  const { gain = 1, ...random } = options;
  const { fanIn, fanOut } = fans(shape);
  return symmetricUniform(shape, gain * Math.sqrt(6 / (fanIn + fanOut)), random);
}

/** Uniform numbers in [low, high). */
export function uniform(shape: Shape, low: number, high: number, options: RandomOptions = {}): Tensor {
  if (!(low < high)) {
    throw new ArgumentError('init.uniform', 'no such range', {
      takes: 'low < high',
      got: `low ${low}, high ${high}`,
    });
  }
  const { requiresGrad = false, ...random } = options;
  const values = symmetricUniform(shape, (high - low) / 2, random).add((low + high) / 2);
  values.requiresGrad = requiresGrad;
  return values;
}
