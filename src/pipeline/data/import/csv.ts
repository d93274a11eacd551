import { setImmediate } from 'node:timers/promises';
import { DataError } from '../errors.ts';
import { IMAGE_SIZE, type ImageSet } from '../images.ts';
import { readCsvRows } from '../own/csvRows.ts';
import { MOST_BYTES } from '../own/parts.ts';
import type { Reporter } from '../reporter.ts';
import type { Offer } from './offers.ts';

const PIXELS = IMAGE_SIZE ** 2;

/**
 * The images of a CSV file of Fashion-MNIST: `label,pixel1,…,pixel784` and a line for each image.
 *
 * @param count how many images it has
 * @throws DataError naming the line of what is wrong
 */
export async function readCsvSet(
  { label, path, read }: Offer,
  count: number,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<ImageSet> {
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  const parts = path === undefined ? only(await read(MOST_BYTES)) : undefined;
  let row = 0;
  for await (const { pixels, label: name, line } of readCsvRows(path ?? label, {
    needsLabels: true,
    parts,
  })) {
    if (pixels.length !== PIXELS) {
      throw new DataError(`${label}: not the images of Fashion-MNIST`, {
        expected: `a label and ${PIXELS} pixels in a line`,
        got: `${pixels.length} pixels`,
      });
    }
    if (!/^\d$/.test(name!)) {
      throw new DataError(`${label}: line ${line}: no label of Fashion-MNIST`, {
        expected: 'a number from 0 to 9',
        got: name!.slice(0, 100) || 'nothing',
      });
    }
    if (row === count)
      throw new DataError(`${label}: too many images`, { expected: `${count}`, got: 'more' });
    images.set(pixels, row * PIXELS);
    labels[row++] = Number(name);
    if (row % 1000 > 0 && row < count) continue;
    // Lets Ctrl-C arrive.
    await setImmediate();
    signal.throwIfAborted();
    reporter.progress(label, row * PIXELS, count * PIXELS);
  }
  reporter.progressEnd();
  if (row === count) return { images, labels, count };
  throw new DataError(`${label}: too few images`, { expected: `${count}`, got: String(row) });
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
