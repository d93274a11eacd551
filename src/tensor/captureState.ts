import type { Backend, DeviceBuffer } from '../backend/backend.ts';
import type { TypedArray } from '../backend/dtypes.ts';
import { CaptureError } from '../backend/errors.ts';

/** Reads the contents of buffers, in order. */
export function readState(device: Backend, buffers: readonly DeviceBuffer[]): Promise<TypedArray[]> {
  return Promise.all(buffers.map((buffer) => device.read(buffer, 0, buffer.length)));
}

/** Writes contents back to buffers. */
export function writeState(
  device: Backend,
  buffers: readonly DeviceBuffer[],
  contents: readonly TypedArray[],
): void {
  buffers.forEach((buffer, index) => device.write(buffer, contents[index]!));
}

/**
 * Throws CaptureError at the first byte in which a replay and a direct run of the step differ.
 *
 * @param kernels the kernels that wrote the first buffers last; the remaining buffers are results
 */
export function compareBits(
  replayed: readonly ArrayBufferView[],
  eager: readonly ArrayBufferView[],
  kernels: readonly string[],
): void {
  replayed.forEach((contents, index) => {
    const [left, right] = [bytesOf(contents), bytesOf(eager[index]!)];
    const at = left.findIndex((byte, position) => byte !== right[position]);
    if (at < 0) return;
    const what =
      index < kernels.length
        ? `a buffer that the kernel '${kernels[index]!}' writes`
        : `result ${index - kernels.length}`;
    const word = at - (at % 4);
    throw new CaptureError(
      `capture: the replay and the step itself differ in ${what}: element ${word / 4} is ${floatAt(left, word)} in the ` +
        `replay and ${floatAt(right, word)} in the step. The step uses a host number that has changed since ` +
        'it was recorded: make it an argument or a tensor.',
    );
  });
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function floatAt(bytes: Uint8Array, position: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(position, true);
}
