import { encode } from 'fast-png';
import { expect, test } from 'vitest';
import type { DataDescription } from '../../src/pipeline/data/description.ts';
import { decodePicture } from '../../src/pipeline/pictures/decode.ts';
import { fitPicture } from '../../src/pipeline/pictures/prepare.ts';
import { addModel, postJson, type Predicted, startService, testImage } from './fixture.ts';

const DATA: DataDescription = {
  height: 6,
  width: 4,
  classes: ['left', 'right', 'up'],
  mean: 0.5,
  std: 0.25,
  preparation: 'resize',
};

const LIMITS = { pixels: 2 ** 20, seconds: 5 };

function png(width: number, height: number): Uint8Array<ArrayBuffer> {
  const data = Uint8Array.from({ length: width * height }, (_, at) => (at * 37) % 256);
  return new Uint8Array(encode({ width, height, data, channels: 1, depth: 8 }));
}

async function post(url: string, body: Uint8Array<ArrayBuffer>): Promise<Predicted> {
  const headers = { 'content-type': 'image/png' };
  return (await (await fetch(`${url}/predict`, { method: 'POST', headers, body })).json()) as Predicted;
}

test('a model of other data takes its size and answers with its classes', async () => {
  const { url, host, root } = await startService();
  await addModel(root, 'test', 2, 'mlp', DATA);
  await host.refresh();
  const pixels = testImage(0).slice(0, 24);
  const answer = (await postJson(`${url}/predict`, { pixels })).body as Predicted;
  expect(answer.model.version).toBe(2);
  expect(Object.keys(answer.predictions[0]!.probabilities)).toEqual(['left', 'right', 'up']);

  const refused = await postJson(`${url}/predict`, { pixels: testImage(0) });
  expect(refused).toMatchObject({
    status: 400,
    body: { error: 'takes images of 6 × 4 pixels, 24 numbers each; got 784 of them' },
  });

  // A picture of that size stays as it is; another one is scaled, its object not cut out.
  for (const [width, height] of [
    [4, 6],
    [9, 13],
  ] as const) {
    const bytes = png(width, height);
    const prepared = [...fitPicture(await decodePicture(bytes, LIMITS), DATA)];
    if (width === 4) expect(prepared).toEqual(Array.from({ length: 24 }, (_, at) => (at * 37) % 256));
    const expected = (await postJson(`${url}/predict`, { pixels: prepared })).body as Predicted;
    expect(await post(url, bytes)).toEqual(expected);
  }
});
