import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setImmediate as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { AdapterError } from '../errors.ts';
import { openNavigatorGpu } from '../navigatorGpu.ts';
import { replaceFile } from './files.ts';
import type { OpenedGpu, Platform, ThreadTask } from '../platform.ts';

export const platform: Platform = {
  openGpu: async (filter) => (await openNavigatorGpu()) ?? openDawnOrExplain(filter),
  compileCpuModule: () =>
    Promise.resolve(new WebAssembly.Module(readFileSync(new URL('../cpu.wasm', import.meta.url)))),
  parallelism: availableParallelism(),
  startThread,
  readFile: (path) => readFile(path),
  replaceFile,
  pause: () => pause(),
};

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

// A thread is a few lines of JavaScript, because it has no type loader. All its work is in the module.
const THREAD = `
const { workerData } = require('node:worker_threads');
const { module, memory, thread } = workerData;
new WebAssembly.Instance(module, { env: { memory } }).exports.serve(thread);
`;

function startThread(task: ThreadTask): () => void {
  const worker = new Worker(THREAD, { eval: true, workerData: task, execArgv: [] });
  // A thread that cannot start is only missing: tasks are claimed by running threads.
  worker.on('error', () => undefined);
  worker.unref();
  return () => void worker.terminate();
}
