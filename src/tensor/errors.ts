import { WgradError } from '../backend/errors.ts';

/** What an operation takes and what it got, with further lines if they help. */
export interface Explanation {
  takes: string;
  got: string;
  where?: string;
}

/** The common form of operation errors: `operation: problem`, then what it takes and what it got. */
class OperationError extends WgradError {
  constructor(operation: string, problem: string, { takes, got, where }: Explanation) {
    const lines = [`${operation}: ${problem}`, `  takes  ${takes}`, `  got    ${got}`];
    if (where) lines.push(`  where  ${where}`);
    super(lines.join('\n'));
  }
}

/** Shapes, axes or indices do not match. */
export class ShapeError extends OperationError {
  override name = 'ShapeError';
}

/** An operation does not support this dtype, or its operands have different dtypes. */
export class DTypeError extends OperationError {
  override name = 'DTypeError';
}

/** Operands are on different devices, or a device does not support a request. */
export class DeviceError extends OperationError {
  override name = 'DeviceError';
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
