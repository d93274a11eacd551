/** What the page gets besides its own files: from a service, or from the files of a static site. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfiguration } from '../../pipeline/config/schema.ts';
import type { DataDescription } from '../../pipeline/data/description.ts';
import { FASHION_MNIST_FILES } from '../../pipeline/data/fashionMnist.ts';
import { readIdxImages, readIdxLabels } from '../../pipeline/data/idx.ts';
import { CLASS_NAMES } from '../../pipeline/data/images.ts';
import { findRawFile } from '../../pipeline/data/rawFolder.ts';
import { configurationOf, descriptionOf } from '../registry/loadModel.ts';
import { type openModelFolder, WEIGHTS } from '../registry/modelFolder.ts';

/** A model of the registry, as the page runs it. */
export interface PageModel {
  readonly name: string;
  readonly version: number;
  /** The configuration of the network. */
  readonly model: ModelConfiguration;
  readonly data: DataDescription;
  /** A safetensors file in base64. */
  readonly weights: string;
}

export function modelForPage(folder: Awaited<ReturnType<typeof openModelFolder>>): PageModel {
  const { name, version } = folder.record;
  return {
    name,
    version,
    model: configurationOf(folder).model,
    data: descriptionOf(folder.record),
    weights: Buffer.from(folder.files.get(WEIGHTS)!).toString('base64'),
  };
}

/** A test image that the page shows. */
export interface Sample {
  readonly label: number;
  /** uint8[28 · 28] in base64. */
  readonly pixels: string;
}

/** Test images that the page shows, of each class. */
const SAMPLES = 2;

/** The first test images of each class. @throws an error of the file system where the folder has none */
export async function readSamples(folder: string): Promise<Sample[]> {
  const { testImages, testLabels } = FASHION_MNIST_FILES;
  const [imageBytes, labelBytes] = await Promise.all(
    [testImages, testLabels].map(async (file) =>
      readFile((await findRawFile(folder, file)) ?? join(folder, file.name)),
    ),
  );
  const { rows, columns, pixels } = readIdxImages(imageBytes!);
  const labels = readIdxLabels(labelBytes!);
  const size = rows * columns;
  return CLASS_NAMES.flatMap((_, label) => {
    const found = [...labels.keys()].filter((index) => labels[index] === label).slice(0, SAMPLES);
    return found.map((index) => ({
      label,
      pixels: Buffer.from(pixels.subarray(index * size, (index + 1) * size)).toString('base64'),
    }));
  });
}
