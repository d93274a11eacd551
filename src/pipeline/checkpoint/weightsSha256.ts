import { createHash } from 'node:crypto';
import { safetensorsParts } from '../../formats/safetensors/index.ts';

/**
 * The SHA-256, in hex, of tensors as a safetensors file. Without metadata it is equal for two runs exactly where their
 * weights are equal in name, dtype, shape and every bit.
 */
export function weightsSha256(...file: Parameters<typeof safetensorsParts>): string {
  const hash = createHash('sha256');
  for (const part of safetensorsParts(...file)) hash.update(part);
  return hash.digest('hex');
}
