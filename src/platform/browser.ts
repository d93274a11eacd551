import { AdapterError } from './errors.ts';
import { openNavigatorGpu } from './navigatorGpu.ts';
import type { Platform } from './platform.ts';
import { hasRelaxedSimd } from './relaxedSimd.ts';
import { startWebWorker, webParallelism } from './webWorkers.ts';

export const platform: Platform = {
  openGpu: async () => {
    const opened = await openNavigatorGpu();
    if (opened) return opened;
    throw new AdapterError(
      'WebGPU is not available here: use a browser that supports it, and load the page over HTTPS. ' +
        'device: cpu works everywhere.',
    );
  },
  parallelism: webParallelism(),
  threadsNeedEventLoop: true,
  get relaxedSimd() {
    return hasRelaxedSimd();
  },
  startThread: startWebWorker,
  readFile: withoutFiles,
  replaceFile: withoutFiles,
  pause: () => new Promise((resolve) => setTimeout(resolve)),
};

function withoutFiles(): Promise<never> {
  return Promise.reject(new Error('a browser has no files; use bytes instead'));
}
