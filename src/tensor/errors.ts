import { OperationError, WgradError } from '../backend/errors.ts';

export { DeviceError } from '../backend/errors.ts';
export type { Explanation } from '../backend/errors.ts';

/** Shapes, axes or indices do not match. */
export class ShapeError extends OperationError {
  override name = 'ShapeError';
}

/** An operation does not support this dtype, or its operands have different dtypes. */
export class DTypeError extends OperationError {
  override name = 'DTypeError';
}

/** An argument other than a tensor is out of range. */
export class ArgumentError extends OperationError {
  override name = 'ArgumentError';
}

/** A gradient was requested that does not exist. */
export class GradientError extends WgradError {
  override name = 'GradientError';
}

/** A tensor was used after it was freed. */
export class FreedTensorError extends WgradError {
  override name = 'FreedTensorError';
}
