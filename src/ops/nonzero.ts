// Operations whose result has a size that depends on the values. They read the values, so they return promises.

import { signature } from '../tensor/arguments.ts';
import { tensor } from '../tensor/create.ts';
import { takesTensor, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { broadcastShapes, stridesOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkDtype } from './support/launch.ts';

/**
 * The places of the elements other than 0, in row-major order: int32[n, dims of x]. Waits for the device.
 *
 * @example
 * await tensor([0, 5, 7]).nonzero(); // [[1], [2]]
 */
export function nonzero(x: Tensor): Promise<Tensor> {
  takesTensor('nonzero', arguments);
  return placesIn(x);
}

async function placesIn(x: Tensor): Promise<Tensor> {
  const { shape, device } = x;
  const strides = stridesOf(shape);
  const found = numbersOfTrue(await x.data());
  const places = found.flatMap((element) =>
    strides.map((stride, axis) => Math.floor(element / stride) % shape[axis]!),
  );
  return tensor(Int32Array.from(places), { shape: [found.length, shape.length], device });
}

const maskedSelectArguments = signature('maskedSelect', { x: TENSOR, mask: TENSOR });

/**
 * The elements where a mask is true, as a vector in row-major order, with broadcasting. Waits for the device.
 *
 * @param mask bool
 * @example
 * await x.maskedSelect(x.gt(0));
 */
export function maskedSelect(x: Tensor, mask: Tensor): Promise<Tensor> {
  maskedSelectArguments(arguments);
  checkDtype('maskedSelect', mask, 'bool');
  return selected(x, mask, broadcastShapes('maskedSelect', x.shape, mask.shape));
}

async function selected(x: Tensor, mask: Tensor, shape: readonly number[]): Promise<Tensor> {
  // A copy: x may be changed in place while the mask is read.
  const all = scope(() => x.expand(shape).clone().flatten());
  const wide = scope(() => mask.expand(shape).flatten());
  try {
    const places = Int32Array.from(numbersOfTrue(await wide.data()));
    return scope(() => all.indexSelect(0, tensor(places, { device: x.device })));
  } finally {
    all.dispose();
    wide.dispose();
  }
}

function numbersOfTrue(values: ArrayLike<number>): number[] {
  return Array.from(values).flatMap((value, element) => (value === 0 ? [] : [element]));
}
