import type { TopLevelSpec } from 'vega-lite';
import { CLASS_COLOURS, figure, nominal, quantitative } from './theme.ts';

export interface EmbeddingMap {
  /** What is mapped; default: the penultimate layer. */
  readonly layer?: string;
  /** One map for each method: its title, and [x, y] for each image. */
  readonly maps: readonly { readonly title: string; readonly points: readonly (readonly number[])[] }[];
  /** The true class of each image. */
  readonly labels: ArrayLike<number>;
  readonly classes: readonly string[];
  /** Features of the layer. */
  readonly features: number;
}

/** Images by the outputs of a layer: images that are similar to the network lie together. */
export function embeddingMap({
  layer = 'The penultimate layer',
  maps,
  labels,
  classes,
  features,
}: EmbeddingMap): TopLevelSpec {
  const place = { axis: null, scale: { zero: false } };
  const panels = maps.map(({ title, points }) => ({
    title: { text: title, fontSize: 12, anchor: 'middle' as const },
    width: 360,
    height: 360,
    data: { values: points.map(([x, y], index) => ({ x, y, kind: classes[labels[index]!] })) },
    mark: { type: 'circle' as const, size: 10, opacity: 0.75 },
    encoding: {
      x: quantitative('x', place),
      y: quantitative('y', place),
      color: nominal('kind', {
        title: 'class',
        sort: null,
        scale: { domain: [...classes], range: [...CLASS_COLOURS] },
        legend: { symbolSize: 80, symbolOpacity: 1 },
      }),
    },
  }));
  return figure(
    `${layer}, in two dimensions`,
    `${labels.length} test images by their ${features} features; axes have no units`,
    { hconcat: panels },
  );
}
