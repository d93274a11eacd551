import { WgradError } from '../backend/errors.ts';

/** What an operation takes, what it got, and what follows. */
export interface Explanation {
  takes: string;
  got: string;
  where?: string;
}

/** The one form of an operation's complaint: `operation: problem`, then what it takes and what it got. */
class OperationError extends WgradError {
  constructor(operation: string, problem: string, { takes, got, where }: Explanation) {
    const lines = [`${operation}: ${problem}`, `  takes  ${takes}`, `  got    ${got}`];
    if (where) lines.push(`  where  ${where}`);
    super(lines.join('\n'));
  }
}

/** Shapes, axes or indices do not fit. */
export class ShapeError extends OperationError {
  override name = 'ShapeError';
}

/** An operation does not take this dtype, or its operands differ in it. */
export class DTypeError extends OperationError {
  override name = 'DTypeError';
}

/** Operands live on different devices, or a device cannot hold what is asked. */
export class DeviceError extends OperationError {
  override name = 'DeviceError';
}

/** An argument other than a tensor is out of range. */
export class ArgumentError extends OperationError {
  override name = 'ArgumentError';
}

/** A gradient was asked for where there is none to be had. */
export class GradientError extends WgradError {
  override name = 'GradientError';
}

/** A tensor was used after it was freed. */
export class FreedTensorError extends WgradError {
  override name = 'FreedTensorError';
}
