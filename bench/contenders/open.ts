import { availableParallelism } from 'node:os';
import type { Contender } from './contender.ts';

/** Loads the library behind a name and opens its device; libraries that are not asked for are not loaded. */
export async function openNamed(name: string): Promise<Contender> {
  switch (name) {
    case 'wgrad-cpu':
    case 'wgrad-webgpu':
      return (await import('./wgrad.ts')).openContender(name === 'wgrad-cpu' ? 'cpu' : 'webgpu');
    case 'tfjs-webgpu':
    case 'tfjs-wasm':
    case 'tfjs-cpu':
      return (await import('./tfjs.ts')).openContender(name.slice(5) as 'webgpu' | 'wasm' | 'cpu');
    case 'jax-webgpu':
      return (await import('./jax.ts')).openContender('webgpu', 1);
    case 'jax-wasm':
      return (await import('./jax.ts')).openContender('wasm', 1);
    case 'jax-wasm-threads':
      return (await import('./jax.ts')).openContender('wasm', availableParallelism());
    case 'onnx-wasm':
      return (await import('./onnx.ts')).openContender();
    default:
      throw new Error(`There is no contender '${name}'.`);
  }
}
