import { expect } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { Classifier } from '../../src/serve/inference/classifier.ts';
import { openModelFolder } from '../../src/serve/registry/modelFolder.ts';
import { addModel, type Architecture, temporaryFolder, testImage } from './fixture.ts';

const BATCH = 16;

/** An image's answer has the same bits alone, in a full batch, and at every place of it. */
export async function checkBatching(device: Backend, architecture: Architecture): Promise<void> {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1, architecture);
  const folder = await openModelFolder(`${root}/test/1`);
  const classifier = await Classifier.load(device, folder, BATCH);
  const images = Array.from({ length: BATCH }, (_, seed) => testImage(seed));
  const together = await classifier.predict(images);
  const reversed = (await classifier.predict(images.toReversed())).toReversed();
  // The images differ: answers that are all alike would prove nothing.
  expect(new Set(together.map((row) => row.join())).size).toBe(BATCH);
  for (const [index, image] of images.entries()) {
    const [alone] = await classifier.predict([image]);
    expect(alone).toEqual(together[index]);
    expect(reversed[index]).toEqual(together[index]);
  }
  classifier.dispose();
}
