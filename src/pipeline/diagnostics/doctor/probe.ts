import { fork } from 'node:child_process';
import type { Backend } from '../../../backend/backend.ts';

/** The results of a device's trial. */
export interface ProbedDevice {
  description: string;
  info: Backend['info'];
  /** Why stored choices of kernels are not used. */
  tuningNote: string | undefined;
  /** The largest error of a small matrix product. */
  deviation: number;
  /** From opening the device to the product's values on the host. */
  milliseconds: number;
}

export interface ProbeFailure {
  failure: string;
}

/** Milliseconds. A first start compiles kernels, also on a software driver. */
const PATIENCE = 60_000;

/**
 * Tries a device in a child process: a driver that crashes or hangs ends only the child, and the driver's output is kept
 * apart. Never throws.
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
