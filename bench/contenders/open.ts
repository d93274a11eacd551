import type { Contender } from './contender.ts';
import type { Host } from './host.ts';

/** Loads the library behind a name and opens its device; libraries that are not asked for are not loaded. */
export async function openNamed(name: string, host: Host): Promise<Contender> {
  switch (name) {
    case 'wgrad-webgpu':
      return (await import('./wgrad.ts')).openContender(host, 'webgpu');
    case 'wgrad-cpu':
    case 'wgrad-cpu-1':
      return (await import('./wgrad.ts')).openContender(host, 'cpu');
    case 'tfjs-webgpu':
    case 'tfjs-wasm':
    case 'tfjs-cpu':
      return (await import('./tfjs.ts')).openContender(host, name.slice(5) as 'webgpu' | 'wasm' | 'cpu', 1);
    case 'tfjs-wasm-threads':
      return (await import('./tfjs.ts')).openContender(host, 'wasm', host.parallelism);
    case 'jax-webgpu':
      return (await import('./jax.ts')).openContender(host, 'webgpu', 1);
    case 'jax-wasm':
      return (await import('./jax.ts')).openContender(host, 'wasm', 1);
    case 'jax-wasm-threads':
      return (await import('./jax.ts')).openContender(host, 'wasm', host.parallelism);
    case 'onnx-wasm':
      return (await import('./onnx.ts')).openContender(host);
    default:
      throw new Error(`There is no contender '${name}'.`);
  }
}
