import { createHash } from 'node:crypto';

import { philox4x32 } from '../../../../src/backend/philox.ts';
import { corrupt, CORRUPTIONS } from '../../../../src/pipeline/data/corruptions/index.ts';

export const PIXELS = 784;

/** A bright shape with texture and an uneven border, on a black background. */
export function picture(index: number): Uint8Array {
  return Uint8Array.from({ length: PIXELS }, (_, at) => {
    const [y, x] = [Math.floor(at / 28), at % 28];
    const inside = Math.abs(x - 12 - (index % 4)) < 5 + (y % 3) && Math.abs(y - 14) < 10;
    return inside ? 90 + (philox4x32([at, index, 0, 0], [0, 0])[0] % 140) : 0;
  });
}

export function flat(byte: number): Uint8Array {
  return new Uint8Array(PIXELS).fill(byte);
}

/** Corruption → MD5 for each severity, over the corrupted forms of six pictures. */
export function checksums(): Record<string, string[]> {
  return Object.fromEntries(
    CORRUPTIONS.map((corruption) => [
      corruption,
      [1, 2, 3, 4, 5].map((severity) => {
        const hash = createHash('md5');
        for (let index = 0; index < 6; index++) {
          hash.update(corrupt(picture(index), { corruption, severity, seed: 7, index: 1000 * index }));
        }
        return hash.digest('hex');
      }),
    ]),
  );
}
