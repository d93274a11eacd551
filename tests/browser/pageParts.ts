import type { Page } from 'playwright-core';
import { CLASS_NAMES } from '../../src/pipeline/data/images.ts';

/** The probabilities that the page shows, in the order of the classes. */
export async function shownProbabilities(page: Page): Promise<number[]> {
  const rows = await page.evaluate<[string, number][]>(
    `[...document.querySelectorAll('#classes li')].map((row) => [row.querySelector('span').textContent, row.querySelector('progress').value])`,
  );
  const byName = new Map(rows);
  return CLASS_NAMES.map((name) => byName.get(name) ?? NaN);
}
