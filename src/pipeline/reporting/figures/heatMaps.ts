import type { TopLevelSpec } from 'vega-lite';
import type { CorruptionScores } from '../../evaluation/report/report.ts';
import { percent } from '../../text/numbers.ts';
import { figure, nominal, quantitative } from './theme.ts';

const BARE = { ticks: false, domain: false };
const WHITE_TO_BLUE = { domain: [0, 100], range: ['#ffffff', '#332288'], interpolate: 'rgb' as const };

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
  // Vega would gather the names as keys of an object, in which `constructor` is one already.
  const names = { sort: null, scale: { domain: [...classes] } };
  const x = nominal('predicted', { ...names, title: 'predicted class', axis: { labelAngle: -35, ...BARE } });
  const y = nominal('actual', { ...names, title: 'true class', axis: BARE });
  const scale = { type: 'sqrt' as const, ...WHITE_TO_BLUE };
  return figure(
    'Confusion matrix',
    `${total} images, ${right} classified correctly (${percent(right / total)})`,
    {
      width: 460,
      height: 460,
      data: { values },
      layer: [
        {
          mark: 'rect',
          encoding: {
            x,
            y,
            color: quantitative('share', { title: ['share of the', 'true class (%)'], scale }),
          },
        },
        {
          transform: [{ filter: 'datum.count > 0' }],
          mark: { type: 'text', fontSize: 11 },
          encoding: { x, y, text: quantitative('count', {}), color: textColour('datum.share > 30') },
        },
      ],
    },
  );
}

/** Accuracy under each corruption and severity, the hardest corruption first. */
export function corruptionHeatMap(results: readonly CorruptionScores[], clean: number): TopLevelSpec {
  const values = results.flatMap(({ corruption, accuracy }) =>
    accuracy.map((share, index) => ({
      corruption: corruption.replaceAll('_', ' '),
      severity: index + 1,
      accuracy: 100 * share,
    })),
  );
  const axis = { labelAngle: 0, ...BARE };
  const x = { field: 'severity', type: 'ordinal' as const, title: 'severity', axis };
  const sort = { field: 'accuracy', op: 'mean' as const, order: 'ascending' as const };
  const y = nominal('corruption', { title: null, sort, axis: BARE });
  const title = ['accuracy', '(%)'];
  return figure('Accuracy on corrupted test images', `percent; ${percent(clean)} on the images as they are`, {
    width: 300,
    height: { step: 20 },
    data: { values },
    layer: [
      {
        mark: 'rect',
        encoding: { x, y, color: quantitative('accuracy', { title, scale: WHITE_TO_BLUE }) },
      },
      {
        mark: { type: 'text', fontSize: 10.5 },
        encoding: {
          x,
          y,
          text: quantitative('accuracy', { format: '.1f' }),
          color: textColour('datum.accuracy > 40'),
        },
      },
    ],
  });
}

/** White on dark cells. */
function textColour(dark: string) {
  return { condition: { test: dark, value: 'white' }, value: '#222' };
}
