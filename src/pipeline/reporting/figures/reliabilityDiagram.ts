import type { TopLevelSpec } from 'vega-lite';
import type { ReliabilityBin } from '../../evaluation/report/report.ts';
import { percent } from '../../text/numbers.ts';
import { figure, FIRST, quantitative, SECOND } from './theme.ts';

/** Accuracy over confidence: on the diagonal, the model is as often right as it claims. */
export function reliabilityDiagram(bins: readonly ReliabilityBin[], ece: number): TopLevelSpec {
  const values = bins.map(({ lower, upper, count, accuracy }) => ({
    lower: 100 * lower,
    upper: 100 * upper,
    count,
    accuracy: accuracy === null ? null : 100 * accuracy,
  }));
  const scale = { domain: [0, 100] };
  const x = quantitative('lower', { title: 'confidence (%)', scale });
  const x2 = { field: 'upper' };
  const y2 = { datum: 0 };
  const diagonal = [0, 100].map((at) => ({ at, to: at }));
  return figure('Reliability', `expected calibration error ${percent(ece)}`, {
    data: { values },
    vconcat: [
      {
        width: 380,
        height: 300,
        layer: [
          {
            transform: [{ filter: 'datum.count > 0' }],
            mark: { type: 'rect', color: FIRST, stroke: 'white' },
            encoding: { x, x2, y2, y: quantitative('accuracy', { title: 'accuracy (%)', scale }) },
          },
          {
            data: { values: diagonal },
            mark: { type: 'line', color: SECOND, strokeDash: [5, 4] },
            encoding: { x: quantitative('at', {}), y: quantitative('to', {}) },
          },
        ],
      },
      {
        width: 380,
        height: 80,
        mark: { type: 'rect', color: '#999', stroke: 'white' },
        encoding: { x, x2, y2, y: quantitative('count', { title: 'images' }) },
      },
    ],
  });
}
