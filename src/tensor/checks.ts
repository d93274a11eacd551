import type { Backend } from '../backend/backend.ts';
import { DeviceError, DTypeError } from './errors.ts';
import { describe, type Tensor } from './tensor.ts';

/** How an error names a device besides another one: both may have one name. */
export function otherDevice({ name }: Backend, other: Backend): string {
  return other.name === name ? `another device of that name` : other.name;
}

/** Throws DeviceError unless all tensors are on one device. */
export function checkDevice(operation: string, ...tensors: readonly Tensor[]): void {
  const [first] = tensors;
  const stranger = tensors.find((each) => each.device !== first!.device);
  if (!stranger) return;
  throw new DeviceError(operation, 'operands on different devices', {
    takes: 'tensors of one device; copy with toDevice(device)',
    got: `${describe(first!)} on ${first!.device.name}, ${describe(stranger)} on ${otherDevice(first!.device, stranger.device)}`,
  });
}

/** Throws DeviceError or DTypeError unless all tensors are on one device and have one dtype. */
export function checkAlike(operation: string, ...tensors: readonly Tensor[]): void {
  checkDevice(operation, ...tensors);
  const [first] = tensors;
  const other = tensors.find((each) => each.dtype !== first!.dtype);
  if (!other) return;
  throw new DTypeError(operation, 'operands of different dtypes', {
    takes: 'tensors of one dtype; convert with to(dtype)',
    got: `${describe(first!)} and ${describe(other)}`,
  });
}
