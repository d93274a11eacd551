import type { TopLevelSpec } from 'vega-lite';
import { pictureGrid } from './pictureGrid.ts';

/** A mistake as the figure shows it. */
export interface PicturedMistake {
  readonly picture: string;
  readonly actual: string;
  readonly predicted: string;
  /** Probability of the predicted class, from 0 to 1. */
  readonly confidence: number;
}

const COLUMNS = 8;

/** Images that the model gets wrong with the greatest confidence. */
export function confidentMistakes(mistakes: readonly PicturedMistake[]): TopLevelSpec {
  const rows = Array.from({ length: Math.max(1, Math.ceil(mistakes.length / COLUMNS)) }, (_, row) => ({
    cells: mistakes
      .slice(row * COLUMNS, (row + 1) * COLUMNS)
      .map(({ picture, actual, predicted, confidence }) => ({
        picture,
        caption: [`is: ${actual}`, `said: ${predicted}`, `${(100 * confidence).toFixed(1)} %`],
      })),
  }));
  return pictureGrid({
    title: 'The most confident mistakes',
    subtitle: 'test images with their true class, the predicted one, and its probability',
    rows,
    side: 70,
  });
}
