import type { TopLevelSpec } from 'vega-lite';
import type { CorruptionScores } from '../../evaluation/report/report.ts';
import { PADDING, THEME } from './theme.ts';

/** Accuracy under each corruption and severity, the hardest corruption first. */
export function corruptionHeatMap(results: readonly CorruptionScores[], clean: number): TopLevelSpec {
  const values = results.flatMap(({ corruption, accuracy }) =>
    accuracy.map((share, index) => ({
      corruption: corruption.replaceAll('_', ' '),
      severity: index + 1,
      accuracy: 100 * share,
    })),
  );
  const x = {
    field: 'severity',
    type: 'ordinal' as const,
    title: 'severity',
    axis: { labelAngle: 0, ticks: false, domain: false },
  };
  const y = {
    field: 'corruption',
    type: 'nominal' as const,
    title: null,
    sort: { field: 'accuracy', op: 'mean' as const, order: 'ascending' as const },
    axis: { ticks: false, domain: false },
  };
  return {
    title: {
      text: 'Accuracy on corrupted test images',
      subtitle: `percent; ${(100 * clean).toFixed(2)} % on the images as they are`,
    },
    padding: PADDING,
    width: 300,
    height: { step: 20 },
    config: THEME,
    data: { values },
    layer: [
      {
        mark: 'rect',
        encoding: {
          x,
          y,
          color: {
            field: 'accuracy',
            type: 'quantitative',
            title: ['accuracy', '(%)'],
            scale: { domain: [0, 100], range: ['#ffffff', '#332288'], interpolate: 'rgb' },
          },
        },
      },
      {
        mark: { type: 'text', fontSize: 10.5 },
        encoding: {
          x,
          y,
          text: { field: 'accuracy', type: 'quantitative', format: '.1f' },
          color: { condition: { test: 'datum.accuracy > 40', value: 'white' }, value: '#222' },
        },
      },
    ],
  };
}
