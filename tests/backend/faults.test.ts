import { describe, expect, test } from 'vitest';
import { DeviceLostError, KernelError, OutOfMemoryError } from '../../src/backend/errors.ts';
import { Faults, type WatchedDevice } from '../../src/backend/webgpu/faults.ts';

class GPUOutOfMemoryError extends Error {}
class GPUValidationError extends Error {}

/** A device that answers error scopes as it is told to. */
function fakeDevice(errors: Partial<Record<GPUErrorFilter, Error>> = {}): {
  device: WatchedDevice;
  lose: (message: string) => void;
  raise: (error: Error) => void;
} {
  const scopes: GPUErrorFilter[] = [];
  let lose: (info: { reason: string; message: string }) => void = () => undefined;
  let raise: (event: object) => void = () => undefined;
  const device = {
    lost: new Promise((resolve) => (lose = resolve)),
    addEventListener: (_: string, listener: typeof raise) => (raise = listener),
    pushErrorScope: (filter: GPUErrorFilter) => scopes.push(filter),
    popErrorScope: () => {
      const filter = scopes.pop();
      if (!filter) return Promise.reject(new Error('no scope'));
      return new Promise((resolve) => setTimeout(() => resolve(errors[filter] ?? null)));
    },
  } as unknown as WatchedDevice;
  return {
    device,
    lose: (message) => lose({ reason: 'unknown', message }),
    raise: (error) => raise({ error, preventDefault: () => undefined }),
  };
}

describe('what error scopes report', () => {
  test.each([
    ['validation', KernelError, /^kernel matmul: bad$/],
    ['internal', KernelError, /^kernel matmul: bad$/],
    [
      'out-of-memory',
      OutOfMemoryError,
      /^kernel matmul: the device is out of memory.*smaller batch.*\(bad\)$/,
    ],
  ] as const)('%s', async (filter, kind, message) => {
    const faults = new Faults(fakeDevice({ [filter]: new Error('bad\n') }).device);
    expect(
      faults.guard(
        () => 1,
        () => 'kernel matmul',
      ),
    ).toBe(1);
    faults.check();
    const settled = faults.settle();
    await expect(settled).rejects.toThrow(kind);
    await expect(settled).rejects.toThrow(message);
    expect(() => faults.check()).toThrow(kind);
  });

  test('nothing when nothing fails, and what is guarded may throw by itself', async () => {
    const faults = new Faults(fakeDevice().device);
    const make = (): never => {
      throw new TypeError('at once');
    };
    expect(() => faults.guard(make, () => 'never asked')).toThrow(TypeError);
    await faults.settle();
  });

  test('the first failure stays', async () => {
    const faults = new Faults(fakeDevice({ validation: new Error('first') }).device);
    faults.guard(
      () => 1,
      () => 'kernel a',
    );
    await expect(faults.settle()).rejects.toThrow('kernel a: first');
    faults.report(new Error('second'));
    expect(() => faults.check()).toThrow('kernel a: first');
  });
});

test('loss says the reason and the way out, and explains the calls that it made fail', async () => {
  const { device, lose } = fakeDevice();
  const faults = new Faults(device);
  const explained = faults.explain(new Error('AbortError'), 'a read of 4 bytes');
  lose('GPU reset');
  await expect(explained).rejects.toThrow(DeviceLostError);
  await expect(explained).rejects.toThrow(/lost \(unknown\): GPU reset.*call init\(\) again/s);
});

test('an error that nothing explains is passed on with its place', async () => {
  const faults = new Faults(fakeDevice().device);
  await expect(faults.explain(new Error('odd'), 'a read of 4 bytes')).rejects.toThrow(
    'a read of 4 bytes failed: Error: odd',
  );
});

test.each([
  [GPUOutOfMemoryError, OutOfMemoryError],
  [GPUValidationError, KernelError],
])('an error that no scope caught: %o', (raised, kind) => {
  const { device, raise } = fakeDevice();
  const faults = new Faults(device);
  raise(new raised('bad'));
  expect(() => faults.check()).toThrow(kind);
});
