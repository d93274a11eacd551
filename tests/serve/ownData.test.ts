import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { expect, test } from 'vitest';
import { encodeSafetensors } from '../../src/formats/safetensors/index.ts';
import { weightsSha256 } from '../../src/pipeline/checkpoint/weightsSha256.ts';
import { printConfiguration } from '../../src/pipeline/config/configuration.ts';
import type { DataDescription } from '../../src/pipeline/data/description.ts';
import { decodePicture } from '../../src/pipeline/pictures/decode.ts';
import { fitPicture } from '../../src/pipeline/pictures/prepare.ts';
import { inputStatistics } from '../../src/serve/registry/inputStatistics.ts';
import { openModelFolder } from '../../src/serve/registry/modelFolder.ts';
import { promote } from '../../src/serve/registry/promote.ts';
import { findTrainedModel } from '../../src/serve/registry/trainedModel.ts';
import {
  addModel,
  postJson,
  type Predicted,
  randomWeights,
  startService,
  temporaryFolder,
  testImage,
} from './fixture.ts';

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

/** A finished run on other data than Fashion-MNIST. */
async function makeRun(metadata: Record<string, string>): Promise<string> {
  const run = await temporaryFolder();
  const { configuration, tensors } = await randomWeights('mlp', 1, DATA);
  const data = { ...configuration.data, name: 'arrows', format: 'csv', root: 'arrows' } as const;
  await mkdir(join(run, 'checkpoints'));
  await writeFile(join(run, 'checkpoints/best.safetensors'), encodeSafetensors(tensors, metadata));
  await writeFile(join(run, 'config.yaml'), printConfiguration({ ...configuration, data }));
  const summary = {
    testAccuracy: 0.9,
    testLoss: 0.3,
    parameterCount: 1,
    weightsSha256: weightsSha256(tensors),
  };
  await writeFile(join(run, 'summary.json'), JSON.stringify(summary));
  return run;
}

test('the checkpoint tells the registry size, classes and normalisation of the images', async () => {
  const run = await makeRun({ data: JSON.stringify(DATA) });
  const root = await temporaryFolder();
  const statistics = inputStatistics(Uint8Array.from(testImage(0)).subarray(0, 24), 24);
  const { record, path } = await promote({ run, root, name: 'arrows', gates: [], statistics });
  expect(record).toMatchObject({
    classes: DATA.classes,
    input: { height: 6, width: 4, preparation: 'resize' },
    normalisation: { mean: 0.5, std: 0.25 },
  });
  const card = Buffer.from((await openModelFolder(path)).files.get('README.md')!).toString();
  expect(card).toContain('6 × 4 pixels as one of 3 classes:\nleft, right, up.');
  expect(card).toContain('Measured on the test images of arrows');
  expect(card).not.toContain('Fashion-MNIST');
  for (const reference of [run, 'arrows@champion']) {
    const { data, model } = await (await findTrainedModel(reference, { runs: 'none', models: root })).load();
    expect(data).toEqual(DATA);
    expect(model.parameters()[0]!.shape).toEqual([16, 24]);
  }
});

test.each([
  ['no JSON', '{'],
  ['a class only', JSON.stringify({ ...DATA, classes: ['a'] })],
  ['a huge size', JSON.stringify({ ...DATA, height: 2 ** 40 })],
  ['no spread', JSON.stringify({ ...DATA, std: 0 })],
])('a checkpoint whose data are %s is refused', async (_, data) => {
  const run = await makeRun({ data });
  const { load } = await findTrainedModel(run, { runs: 'none', models: 'none' });
  await expect(load()).rejects.toThrow('it does not say what data it was trained on');
});
