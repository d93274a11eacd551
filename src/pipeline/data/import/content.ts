import { createHash } from 'node:crypto';
import type { ImageSet } from '../images.ts';

/**
 * A hash of images with their labels that does not depend on their order: SHA-256 of the sorted SHA-256 hashes (hexadecimal, joined)
 * of label and pixels of each image.
 */
export function contentHash({ images, labels, count }: ImageSet): string {
  const pixels = images.length / count;
  const rows = Array.from({ length: count }, (_, row) =>
    createHash('sha256')
      .update(labels.subarray(row, row + 1))
      .update(images.subarray(row * pixels, (row + 1) * pixels))
      .digest('hex'),
  );
  return createHash('sha256').update(rows.sort().join('')).digest('hex');
}
