import { setFlagsFromString } from 'node:v8';
import { hasRelaxedSimd } from '../src/platform/relaxedSimd.ts';

/** Gives this process relaxed SIMD, which Node 20 has behind a flag. */
export function enableRelaxedSimd(): void {
  if (!hasRelaxedSimd()) setFlagsFromString('--experimental-wasm-relaxed-simd');
}
