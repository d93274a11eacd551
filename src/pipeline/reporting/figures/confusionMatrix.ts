import type { TopLevelSpec } from 'vega-lite';
import { PADDING, THEME } from './theme.ts';

/**
 * Counts of (true class, predicted class); the colour is the share of the true class.
 *
 * @param counts a row a true class, a column a predicted class
 */
export function confusionMatrix(
  counts: readonly (readonly number[])[],
  classes: readonly string[],
): TopLevelSpec {
  const totals = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const total = totals.reduce((sum, count) => sum + count, 0);
  const right = counts.reduce((sum, row, index) => sum + row[index]!, 0);
  const values = counts.flatMap((row, actual) =>
    row.map((count, predicted) => ({
      actual: classes[actual],
      predicted: classes[predicted],
      count,
      share: (100 * count) / Math.max(1, totals[actual]!),
    })),
  );
  const axis = { labelAngle: -35, ticks: false, domain: false };
  const x = {
    field: 'predicted',
    type: 'nominal' as const,
    sort: [...classes],
    title: 'predicted class',
    axis,
  };
  const y = {
    field: 'actual',
    type: 'nominal' as const,
    sort: [...classes],
    title: 'true class',
    axis: { ticks: false, domain: false },
  };
  return {
    title: {
      text: 'Confusion matrix',
      subtitle: `${total} images, ${right} classified correctly (${((100 * right) / total).toFixed(2)} %)`,
    },
    padding: PADDING,
    width: 460,
    height: 460,
    config: THEME,
    data: { values },
    layer: [
      {
        mark: 'rect',
        encoding: {
          x,
          y,
          color: {
            field: 'share',
            type: 'quantitative',
            title: ['share of the', 'true class (%)'],
            scale: { type: 'sqrt', domain: [0, 100], range: ['#ffffff', '#332288'], interpolate: 'rgb' },
          },
        },
      },
      {
        transform: [{ filter: 'datum.count > 0' }],
        mark: { type: 'text', fontSize: 11 },
        encoding: {
          x,
          y,
          text: { field: 'count', type: 'quantitative' },
          color: { condition: { test: 'datum.share > 30', value: 'white' }, value: '#222' },
        },
      },
    ],
  };
}
