import { PCA } from 'ml-pca';
import { UMAP } from 'umap-js';
import { philox4x32 } from '../../backend/philox.ts';
import { type Module, Sequential } from '../../nn/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Part } from '../data/datasets.ts';
import { eachBatch } from '../training/eachBatch.ts';
import type { EmbeddingMap } from './figures/embeddingMap.ts';

/** What a model's last layer gets to see of each image, in evaluation mode: a row an image. */
export async function penultimateFeatures(model: Module, part: Part): Promise<number[][]> {
  const body = model instanceof Sequential ? new Sequential(...model.layers.slice(0, -1)) : model;
  return featuresOf(model, part, (images) => body.forward(images).flatten(1));
}

/** What `compute`, a part of a model, makes of each image, in evaluation mode: a row an image. */
export async function featuresOf(
  model: Module,
  part: Part,
  compute: (images: Tensor) => Tensor,
): Promise<number[][]> {
  const rows: number[][] = [];
  await eachBatch(
    model,
    part,
    ({ images }) => ({ features: compute(images) }),
    ({ features }, _, size) => {
      const width = features.length / size;
      for (let row = 0; row < size; row++) {
        rows.push(Array.from(features.subarray(row * width, (row + 1) * width)));
      }
    },
  );
  return rows;
}

/**
 * Two maps of images by their features, for `embeddingMap`: principal components, and neighbours.
 *
 * @param say told of the progress
 */
export async function mapsOf(
  features: number[][],
  seed: number,
  say: (text: string) => void,
): Promise<EmbeddingMap['maps']> {
  const { points, variance } = principalComponents(features);
  const neighbours = await neighbourMap(features, seed, (share) => {
    say(`map of neighbours, ${Math.round(100 * share)} %`);
  });
  const [first, second] = variance.map((share) => (100 * share).toFixed(0));
  return [
    { title: `PCA (${first} % and ${second} % of the variance)`, points },
    { title: `UMAP (${neighboursAmong(features.length)} neighbours)`, points: neighbours },
  ];
}

/** The first two principal components, and the share of the variance that each holds. */
export function principalComponents(features: number[][]): { points: number[][]; variance: number[] } {
  const pca = new PCA(features, { center: true });
  return {
    points: pca.predict(features, { nComponents: 2 }).to2DArray(),
    variance: pca.getExplainedVariance().slice(0, 2),
  };
}

/** Neighbours of an image that shape the map: all others, where there are few. */
export function neighboursAmong(images: number): number {
  return Math.min(15, images - 1);
}

/**
 * A map on which neighbours among the features stay neighbours; the same for the same seed.
 *
 * Source: McInnes, Healy, Melville, "UMAP: uniform manifold approximation and projection", 2018.
 *
 * @param progress called with the share that is done, now and then
 */
export async function neighbourMap(
  features: number[][],
  seed: number,
  progress: (share: number) => void,
): Promise<number[][]> {
  let drawn = 0;
  const random = (): number => philox4x32([drawn++, 0, 0, UMAP_DOMAIN], [seed, 0])[0] / 2 ** 32;
  const epochs = 300;
  const neighbours = neighboursAmong(features.length);
  const umap = new UMAP({ nComponents: 2, nNeighbors: neighbours, minDist: 0.1, nEpochs: epochs, random });
  return umap.fitAsync(features, (epoch) => {
    if (epoch % 50 === 0) progress(epoch / epochs);
  });
}

/** Keeps these numbers apart from other uses of the seed ("umap" in ASCII). */
const UMAP_DOMAIN = 0x756d6170;
