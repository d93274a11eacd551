import type { TopLevelSpec } from 'vega-lite';
import { FIRST, PADDING, SECOND, THEME } from './theme.ts';

/** Predictions whose confidence lies between `lower` and `upper`. */
export interface ConfidenceBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Mean confidence; the share that is right. Both from 0 to 1, null where the bin is empty. */
  readonly confidence: number | null;
  readonly accuracy: number | null;
}

/** Accuracy over confidence: bars on the diagonal say that the model is as often right as it claims. */
export function reliabilityDiagram(bins: readonly ConfidenceBin[], ece: number): TopLevelSpec {
  const values = bins.map(({ lower, upper, count, accuracy }) => ({
    lower: 100 * lower,
    upper: 100 * upper,
    count,
    accuracy: accuracy === null ? null : 100 * accuracy,
  }));
  const x = {
    field: 'lower',
    type: 'quantitative' as const,
    title: 'confidence (%)',
    scale: { domain: [0, 100] },
  };
  const x2 = { field: 'upper' };
  return {
    title: { text: 'Reliability', subtitle: `expected calibration error ${(100 * ece).toFixed(2)} %` },
    padding: PADDING,
    config: THEME,
    data: { values },
    vconcat: [
      {
        width: 380,
        height: 300,
        layer: [
          {
            transform: [{ filter: 'datum.count > 0' }],
            mark: { type: 'bar', color: FIRST, stroke: 'white' },
            encoding: {
              x,
              x2,
              y: {
                field: 'accuracy',
                type: 'quantitative',
                title: 'accuracy (%)',
                scale: { domain: [0, 100] },
              },
            },
          },
          {
            data: {
              values: [
                { at: 0, to: 0 },
                { at: 100, to: 100 },
              ],
            },
            mark: { type: 'line', color: SECOND, strokeDash: [5, 4] },
            encoding: { x: { field: 'at', type: 'quantitative' }, y: { field: 'to', type: 'quantitative' } },
          },
        ],
      },
      {
        width: 380,
        height: 80,
        mark: { type: 'bar', color: '#999', stroke: 'white' },
        encoding: { x, x2, y: { field: 'count', type: 'quantitative', title: 'images' } },
      },
    ],
  };
}
