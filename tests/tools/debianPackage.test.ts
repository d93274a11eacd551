import { existsSync } from 'node:fs';

import { expect, test } from 'vitest';

import { loadFashionMnist } from '../../src/pipeline/data/fashionMnist.ts';
import { IMAGE_SIZE, PIXEL_MEAN, PIXEL_STD } from '../../src/pipeline/data/images.ts';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { DEBIAN_FOLDER, debianSource } from '../../src/pipeline/data/sources/debian.ts';
import { temporaryFolder } from '../pipeline/data/fixture.ts';
import { skipMissing } from './missing.ts';

test('the real data set, from the installed package', async (context) => {
  if (!existsSync(DEBIAN_FOLDER)) skipMissing(context, `${DEBIAN_FOLDER} is not installed`);
  const root = await temporaryFolder();
  await fetchFashionMnist(root, { sources: [debianSource()] });
  const { train, test: testSet } = await loadFashionMnist(root);
  expect([train.count, testSet.count]).toEqual([60_000, 10_000]);

  const counts = new Array<number>(10).fill(0);
  for (const label of train.labels) counts[label]!++;
  expect(counts).toEqual(new Array(10).fill(6000));

  let sum = 0;
  let squares = 0;
  for (const pixel of train.images) {
    sum += pixel;
    squares += pixel * pixel;
  }
  const n = train.count * IMAGE_SIZE * IMAGE_SIZE;
  const mean = sum / n;
  expect(mean / 255).toBeCloseTo(PIXEL_MEAN, 4);
  expect(Math.sqrt(squares / n - mean * mean) / 255).toBeCloseTo(PIXEL_STD, 4);
});
