import { corrupt, isGraded, SEVERITIES } from '../../data/corruptions/index.ts';
import { IMAGE_SIZE, type ImageSet } from '../../data/images.ts';
import { greyPicture } from './pictures.ts';
import { FONT, rasterise } from './rasterise.ts';

/** Units of the drawing. */
const CELL = 56;
const GAP = 6;
const HEAD = 46;
const LABELS = 150;
const MARGIN = 16;
/** Rows of corruptions in one column of the sheet. */
const ROWS = 14;

/**
 * A contact sheet of corruptions × severities, as PNG: each row shows one corruption of one test image, which comes
 * first, unchanged. The rows use the test images in turn.
 *
 * @param seed of the random numbers
 * @example await storeFile('corruptions.png', corruptionSheet(test, CORRUPTIONS, 0));
 */
export function corruptionSheet(test: ImageSet, corruptions: readonly string[], seed: number): Uint8Array {
  const columns = Math.ceil(corruptions.length / ROWS);
  const rows = Math.min(ROWS, corruptions.length);
  const blockWidth = LABELS + (SEVERITIES + 1) * (CELL + GAP);
  const width = 2 * MARGIN + columns * blockWidth + (columns - 1) * 2 * MARGIN;
  const height = 2 * MARGIN + HEAD + rows * (CELL + GAP);
  const parts = corruptions.map((corruption, at) => {
    const left = MARGIN + Math.floor(at / ROWS) * (blockWidth + 2 * MARGIN);
    const top = MARGIN + HEAD + (at % ROWS) * (CELL + GAP);
    return `<g transform="translate(${left} ${top})">${row(test, corruption, at % test.count, seed)}</g>`;
  });
  const heads = Array.from({ length: columns }, (_, at) => head(MARGIN + at * (blockWidth + 2 * MARGIN)));
  return rasterise(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="${FONT}" font-size="13">` +
      `<rect width="100%" height="100%" fill="white"/>${heads.join('')}${parts.join('')}</svg>`,
  );
}

function head(left: number): string {
  const titles = ['clean', ...Array.from({ length: SEVERITIES }, (_, at) => String(at + 1))];
  const texts = titles.map((title, at) => text(cellLeft(at) + CELL / 2, HEAD - 8, 'middle', title));
  const middle = (cellLeft(1) + cellLeft(SEVERITIES) + CELL) / 2;
  return `<g transform="translate(${left} ${MARGIN})">${text(middle, 14, 'middle', 'severity')}${texts.join('')}</g>`;
}

function row(test: ImageSet, corruption: string, index: number, seed: number): string {
  const pixels = IMAGE_SIZE * IMAGE_SIZE;
  const clean = test.images.subarray(index * pixels, (index + 1) * pixels);
  const levels = Array.from({ length: isGraded(corruption) ? SEVERITIES : 1 }, (_, at) => at + 1);
  const pictures = levels.map((severity) => corrupt(clean, { corruption, severity, seed, index }));
  const name = text(LABELS - 10, CELL / 2 + 5, 'end', corruption.replaceAll('_', ' '));
  return name + [clean, ...pictures].map((image, at) => picture(image, cellLeft(at))).join('');
}

function cellLeft(at: number): number {
  // A little more room between the clean image and the corrupted ones.
  return LABELS + at * (CELL + GAP) + (at > 0 ? GAP : 0);
}

function picture(image: Uint8Array, left: number): string {
  const url = greyPicture(image, IMAGE_SIZE);
  const box = `x="${left}" width="${CELL}" height="${CELL}"`;
  // The frame separates white images from the page.
  return `<image ${box} href="${url}" image-rendering="optimizeSpeed"/><rect ${box} fill="none" stroke="#999" stroke-width="0.5"/>`;
}

function text(x: number, y: number, anchor: string, content: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${content}</text>`;
}
