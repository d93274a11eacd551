import type { DataDescription } from '../../data/description.ts';
import type { ImageSet } from '../../data/images.ts';
import type { MetricsRecord } from '../../runs/journal/journal.ts';
import { classSamples } from './classSamples.ts';
import { type EmbeddingMap, embeddingMap } from './embeddingMap.ts';
import { greyPicture } from './pictures.ts';
import { type Cell, pictureGrid } from './pictureGrid.ts';
import type { NamedFigure } from './runFigures.ts';
import { trainingCurves } from './trainingCurves.ts';

const COLUMNS = 12;
const SIDE = 42;
/** Images that are shown with their reconstructions, and images that are invented. */
export const REBUILT: number = 4 * COLUMNS;
export const SAMPLES: number = 8 * COLUMNS;

/** The data of an autoencoder's figures. */
export interface AutoencoderData {
  readonly run: string;
  readonly journal: readonly MetricsRecord[];
  readonly description: DataDescription;
  readonly train: ImageSet;
  /** Test images, uint8 [height · width] each. */
  readonly originals: readonly Uint8Array[];
  /** What becomes of them, uint8 [N, height, width]. */
  readonly rebuilt: Uint8Array;
  /** uint8 [N, height, width]. */
  readonly samples: Uint8Array;
  /** Numbers of a code. */
  readonly latent: number;
  /** Undefined where a code has one number. */
  readonly embedding: EmbeddingMap | undefined;
}

/** All figures of an autoencoder. */
export function autoencoderFigures(data: AutoencoderData): NamedFigure[] {
  const { width, height } = data.description;
  const originals = data.originals.map((pixels) => ({ picture: greyPicture(pixels, width) }));
  const rebuilt = pictures(data.rebuilt, width, height);
  const samples = pictures(data.samples, width, height);
  const pairs = inRows(originals).flatMap((cells, row) => [
    { label: 'image', cells },
    { label: 'rebuilt', cells: inRows(rebuilt)[row]! },
  ]);
  return [
    { name: 'training-curves', title: 'Training curves', specification: curves(data) },
    {
      name: 'reconstructions',
      title: 'Test images and their reconstructions',
      specification: pictureGrid({
        title: 'Test images and their reconstructions',
        subtitle: `${originals.length} test images; below each what the decoder makes of the mean of its code of ${data.latent} numbers`,
        rows: pairs,
        side: SIDE,
      }),
    },
    {
      name: 'samples',
      title: 'Invented images',
      specification: pictureGrid({
        title: 'Invented images',
        subtitle: `what the decoder makes of ${samples.length} codes drawn from the standard normal distribution`,
        rows: inRows(samples).map((cells) => ({ cells })),
        side: SIDE,
      }),
    },
    {
      name: 'embedding',
      title: 'The codes in two dimensions',
      specification: data.embedding && embeddingMap(data.embedding),
    },
    {
      name: 'class-samples',
      title: 'Samples of each class',
      specification: classSamples(data.train, data.description),
    },
  ];
}

function curves({ journal, run }: AutoencoderData): NamedFigure['specification'] {
  return trainingCurves(journal, run, [
    { metric: 'loss', title: 'loss (nats an image)', scale: 1 },
    { metric: 'reconstruction', title: 'reconstruction (nats an image)', scale: 1 },
    { metric: 'kl', title: 'KL divergence (nats an image)', scale: 1 },
  ]);
}

function pictures(images: Uint8Array, width: number, height: number): Cell[] {
  const pixels = width * height;
  return Array.from({ length: images.length / pixels }, (_, at) => ({
    picture: greyPicture(images.subarray(at * pixels, (at + 1) * pixels), width),
  }));
}

function inRows(cells: readonly Cell[]): Cell[][] {
  return Array.from({ length: Math.ceil(cells.length / COLUMNS) }, (_, row) =>
    cells.slice(row * COLUMNS, (row + 1) * COLUMNS),
  );
}
