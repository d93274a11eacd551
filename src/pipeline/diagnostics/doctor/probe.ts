import { fork } from 'node:child_process';
import type { Backend } from '../../../backend/backend.ts';

/** What a device computed in a trial, and what it says of itself. */
export interface ProbedDevice {
  description: string;
  info: Backend['info'];
  /** Why choices of kernels that are stored are not used. */
  tuningNote: string | undefined;
  /** The largest error of a small matrix product. */
  deviation: number;
  /** From opening the device to the product's values on the host. */
  milliseconds: number;
}

export interface ProbeFailure {
  failure: string;
}

/** A first start compiles kernels, on a software driver too. */
const PATIENCE = 60_000;

/**
 * Tries a device out in a process of its own, so that a driver which crashes or hangs takes nobody with it, and what
 * it prints is out of the way. Never throws.
 */
export function probeDevice(name: 'webgpu' | 'cpu'): Promise<ProbedDevice | ProbeFailure> {
  return new Promise((resolve) => {
    const child = fork(new URL('./probeChild.ts', import.meta.url), [name], {
      silent: true,
      timeout: PATIENCE,
      serialization: 'advanced', // keeps NaN
    });
    let printed = '';
    child.stderr?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    child.on('message', (result) => resolve(result as ProbedDevice | ProbeFailure));
    child.on('error', (error) =>
      resolve({ failure: `no process could be started to try it: ${error.message}` }),
    );
    child.on('close', (code, signal) => {
      const end = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
      resolve({ failure: `the process that tried it ended without a result (${end})\n${printed}`.trimEnd() });
    });
  });
}
