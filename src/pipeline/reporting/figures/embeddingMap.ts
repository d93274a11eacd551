import type { TopLevelSpec } from 'vega-lite';
import { CLASS_COLOURS, PADDING, THEME } from './theme.ts';

export interface EmbeddingMap {
  /** A name and [x, y] for each image, for each way to flatten. */
  readonly maps: readonly { readonly title: string; readonly points: readonly (readonly number[])[] }[];
  /** The true class of each image. */
  readonly labels: ArrayLike<number>;
  readonly classes: readonly string[];
  /** Features of the layer. */
  readonly features: number;
}

/** Images by what the penultimate layer says of them: those that look alike to the network lie together. */
export function embeddingMap({ maps, labels, classes, features }: EmbeddingMap): TopLevelSpec {
  const panels = maps.map(({ title, points }) => ({
    title: { text: title, fontSize: 12, anchor: 'middle' as const },
    width: 360,
    height: 360,
    data: { values: points.map(([x, y], index) => ({ x, y, kind: classes[labels[index]!] })) },
    mark: { type: 'circle' as const, size: 10, opacity: 0.75 },
    encoding: {
      x: { field: 'x', type: 'quantitative' as const, axis: null, scale: { zero: false } },
      y: { field: 'y', type: 'quantitative' as const, axis: null, scale: { zero: false } },
      color: {
        field: 'kind',
        type: 'nominal' as const,
        title: 'class',
        sort: [...classes],
        scale: { domain: [...classes], range: [...CLASS_COLOURS] },
        legend: { symbolSize: 80, symbolOpacity: 1 },
      },
    },
  }));
  return {
    title: {
      text: 'The penultimate layer, in two dimensions',
      subtitle: `${labels.length} test images by their ${features} features; axes have no units`,
    },
    padding: PADDING,
    config: THEME,
    hconcat: panels,
  };
}
