import { PCA } from 'ml-pca';
import { UMAP } from 'umap-js';
import { philox4x32 } from '../../backend/philox.ts';
import { type Module, Sequential } from '../../nn/index.ts';
import type { Part } from '../data/datasets.ts';
import { eachBatch } from '../training/eachBatch.ts';

/** What a model's last layer gets to see of each image, in evaluation mode: a row an image. */
export async function penultimateFeatures(model: Module, part: Part): Promise<number[][]> {
  const body = model instanceof Sequential ? new Sequential(...model.layers.slice(0, -1)) : model;
  const rows: number[][] = [];
  await eachBatch(
    model,
    part,
    ({ images }) => ({ features: body.forward(images).flatten(1) }),
    ({ features }, _, size) => {
      const width = features.length / size;
      for (let row = 0; row < size; row++) {
        rows.push(Array.from(features.subarray(row * width, (row + 1) * width)));
      }
    },
  );
  return rows;
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
