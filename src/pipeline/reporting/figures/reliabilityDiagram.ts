import type { TopLevelSpec } from 'vega-lite';
import type { ReliabilityBin } from '../../evaluation/report/report.ts';
import { FIRST, PADDING, SECOND, THEME } from './theme.ts';

/** Accuracy over confidence: bars on the diagonal say that the model is as often right as it claims. */
export function reliabilityDiagram(bins: readonly ReliabilityBin[], ece: number): TopLevelSpec {
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
  const y2 = { datum: 0 };
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
            mark: { type: 'rect', color: FIRST, stroke: 'white' },
            encoding: {
              x,
              x2,
              y2,
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
        mark: { type: 'rect', color: '#999', stroke: 'white' },
        encoding: { x, x2, y2, y: { field: 'count', type: 'quantitative', title: 'images' } },
      },
    ],
  };
}
