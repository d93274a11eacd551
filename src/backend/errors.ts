import { WgradError } from '../platform/errors.ts';

export { AdapterError, KernelError, WgradError } from '../platform/errors.ts';

/** What an operation takes and what it got, with further lines if they help. */
export interface Explanation {
  takes: string;
  got: string;
  where?: string;
}

/** The common form of operation errors: `operation: problem`, then what it takes and what it got. */
export class OperationError extends WgradError {
  constructor(operation: string, problem: string, { takes, got, where }: Explanation) {
    const lines = [`${operation}: ${problem}`, `  takes  ${takes}`, `  got    ${got}`];
    if (where) lines.push(`  where  ${where}`);
    super(lines.join('\n'));
  }
}

/** Operands are on different devices, or a device does not support a request. */
export class DeviceError extends OperationError {
  override name = 'DeviceError';
}

/** The device is gone: destroyed, reset or crashed. Nothing on it can be used. */
export class DeviceLostError extends WgradError {
  override name = 'DeviceLostError';
}

/** The device has no memory for a buffer, or the buffer is larger than the device allows. */
export class OutOfMemoryError extends WgradError {
  override name = 'OutOfMemoryError';
}

/** A step cannot be captured, or a replay would differ from the step itself. */
export class CaptureError extends WgradError {
  override name = 'CaptureError';
}
