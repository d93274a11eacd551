import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { create, globals } from 'webgpu';
import { storedChoices } from '../../src/pipeline/diagnostics/tuning/stored.ts';
import { countGpu } from '../contenders/gpu.ts';
import { type Host, notInstalled } from '../contenders/host.ts';
import { provideWorkers } from './webWorker.ts';

/** Node, with the globals of a browser for the libraries that expect one. */
export const nodeHost: Host = {
  parallelism: availableParallelism(),
  /** The same Dawn that wgrad runs on. */
  openGpu: () => {
    Object.assign(globalThis, globals);
    const gpu = create([]);
    setNavigator({ gpu });
    return countGpu(gpu);
  },
  offerThreads: (count) => {
    setNavigator({ hardwareConcurrency: count });
    if (count > 1) provideWorkers();
  },
  load: async <T>(name: string): Promise<T> => {
    try {
      // Single files of TensorFlow.js are no modules of Node's, only of bundlers': tsx's require takes them.
      return (name.endsWith('.js') ? createRequire(import.meta.url)(name) : await import(name)) as T;
    } catch (error) {
      const { code = '' } = error as { code?: string };
      throw ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(code) ? notInstalled(name, error) : error;
    }
  },
  versionOf: (name) => {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  },
  filesOf: () => undefined,
  tuning: storedChoices,
  threadsNote: 'Threads by a Worker global on worker_threads, which Node lacks.',
};

/** Node 20 has no navigator, and later ones one without WebGPU. */
function setNavigator(extra: { gpu?: GPU; hardwareConcurrency?: number }): void {
  const navigator = { userAgent: 'Node.js', hardwareConcurrency: 1, ...extra };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
}
