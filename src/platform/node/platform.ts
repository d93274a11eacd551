import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setImmediate as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { AdapterError } from '../errors.ts';
import { openNavigatorGpu } from '../navigatorGpu.ts';
import { hasRelaxedSimd } from '../relaxedSimd.ts';
import { replaceFile } from './files.ts';
import type { OpenedGpu, Platform, Thread, ThreadTask } from '../platform.ts';

export const platform: Platform = {
  openGpu: async (filter) => (await openNavigatorGpu()) ?? openDawnOrExplain(filter),
  parallelism: availableParallelism(),
  threadsNeedEventLoop: false,
  get relaxedSimd() {
    return variable('WGRAD_WASM') !== 'plain' && hasRelaxedSimd();
  },
  startThread,
  readFile: (path) => readFile(path),
  replaceFile,
  pause: () => pause(),
};

interface Deno {
  readonly permissions: {
    querySync(query: { name: 'env'; variable: string }): { readonly state: string };
  };
}

/** In Deno undefined without permission, which it would ask for in a terminal. */
function variable(name: string): string | undefined {
  const { Deno: deno } = globalThis as { Deno?: Deno };
  if (deno && deno.permissions.querySync({ name: 'env', variable: name }).state !== 'granted')
    return undefined;
  return process.env[name];
}

async function openDawnOrExplain(filter?: string): Promise<OpenedGpu> {
  try {
    const { openDawn } = await import('./dawn.ts');
    return await openDawn(filter);
  } catch (error) {
    if (error instanceof AdapterError) throw error;
    throw new AdapterError(
      `Dawn, the npm package webgpu, does not start here: ${error instanceof Error ? error.message : String(error)}\n` +
        '`npm install webgpu` installs it, on Linux, macOS and Windows with x64 or arm64. device: cpu works everywhere.',
    );
  }
}

// A thread is a few lines of JavaScript, because it has no type loader. All its work is in the module. The names of the
// modules' own variables, such as `module`, are taken in Deno.
const THREAD = `
const { workerData: task } = require('node:worker_threads');
new WebAssembly.Instance(task.module, { env: { memory: task.memory } }).exports.serve(task.thread);
`;

function startThread(task: ThreadTask): Thread {
  // It prints nothing. Pipes from it would add listeners to this process's output, more than Node takes without a warning.
  const silent = { stdout: true, stderr: true };
  const worker = new Worker(THREAD, { eval: true, workerData: task, execArgv: [], ...silent });
  // A thread that cannot start is only missing: tasks are claimed by running threads.
  const started = new Promise<boolean>((resolve) => {
    worker.on('online', () => resolve(true));
    worker.on('error', () => resolve(false));
  });
  worker.unref();
  return { started, end: () => void worker.terminate() };
}
