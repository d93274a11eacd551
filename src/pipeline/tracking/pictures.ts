import { WgradError } from '../../backend/errors.ts';
import type { LoadedData } from '../data/description.ts';
import { greyPicture } from '../reporting/figures/pictures.ts';
import { rasterise } from '../reporting/figures/rasterise.ts';
import type { PredictionsRecord, WrongPrediction } from '../runs/journal/records.ts';
import type { TrackedRun } from './tracker.ts';

const COLUMNS = 6;
/** Units in the drawing; a PNG has two pixels a unit. */
const TILE = { width: 96, height: 116, image: 72 };

/** The picture of a record; undefined where the data set is not available. */
export async function drawWrongPredictions(
  run: TrackedRun,
  record: PredictionsRecord,
): Promise<Uint8Array | undefined> {
  const data = await run.data();
  return data && wrongPredictionsPng(record, data);
}

/** A PNG of the wrongly classified images, each with its row number, its class and the predicted class. */
function wrongPredictionsPng({ wrong }: PredictionsRecord, data: LoadedData): Uint8Array {
  const lines = Math.max(1, Math.ceil(wrong.length / COLUMNS));
  const tiles = wrong.map((one, at) => tile(one, data, at % COLUMNS, Math.floor(at / COLUMNS)));
  const [width, height] = [COLUMNS * TILE.width, lines * TILE.height];
  return rasterise(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" text-anchor="middle">` +
      `<rect width="100%" height="100%" fill="white"/>${tiles.join('')}</svg>`,
  );
}

function tile(
  { row, actual, predicted }: WrongPrediction,
  data: LoadedData,
  column: number,
  line: number,
): string {
  const [x, y] = [(column + 0.5) * TILE.width, line * TILE.height];
  const text = (at: number, size: number, fill: string, words: string): string =>
    `<text x="${x}" y="${y + at}" font-size="${size}" fill="${fill}">${words}</text>`;
  return (
    `<image x="${x - TILE.image / 2}" y="${y + 6}" width="${TILE.image}" height="${TILE.image}" ` +
    `image-rendering="optimizeSpeed" href="${picture(data, row)}"/>` +
    text(TILE.image + 16, 9, 'black', className(data, actual)) +
    text(TILE.image + 27, 9, 'firebrick', `as ${className(data, predicted)}`) +
    text(TILE.image + 36, 7, 'grey', `row ${row}`)
  );
}

function picture({ train: { images, count }, description }: LoadedData, row: number): string {
  const { height, width } = description;
  const pixels = height * width;
  if (row >= count) throw new WgradError(`the journal names image ${row} of a data set of ${count} images`);
  return greyPicture(images.subarray(row * pixels, (row + 1) * pixels), width);
}

/** The name of a class, as XML text. */
function className({ description }: LoadedData, label: number): string {
  const name = description.classes[label] ?? String(label);
  return name.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
