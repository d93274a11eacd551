import { AdapterError } from './errors.ts';
import { openNavigatorGpu } from './navigatorGpu.ts';
import type { Platform } from './platform.ts';

export const platform: Platform = {
  openGpu: async () => {
    const opened = await openNavigatorGpu();
    if (opened) return opened;
    throw new AdapterError(
      'WebGPU is not available here: use a browser that supports it, and load the page over HTTPS. ' +
        'device: cpu works everywhere.',
    );
  },
  compileCpuModule: async () => {
    const response = await fetch(new URL('./cpu.wasm', import.meta.url));
    if (!response.ok) throw new Error(`${response.url} answers ${response.status}`);
    return WebAssembly.compile(await response.arrayBuffer());
  },
  parallelism: 1,
  startThread: () => () => undefined,
  readFile: withoutFiles,
  replaceFile: withoutFiles,
  pause: () => new Promise((resolve) => setTimeout(resolve)),
};

function withoutFiles(): Promise<never> {
  return Promise.reject(new Error('a browser has no files; use bytes instead'));
}
