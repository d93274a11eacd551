import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CLASS_NAMES } from '../../../src/pipeline/data/images.ts';
import { writeDataFolder } from '../../browser/dataFolder.ts';
import { images } from '../../pipeline/training/trainingFixture.ts';
import { startService, temporaryFolder } from '../fixture.ts';

interface ServedModel {
  name: string;
  version: number;
  model: unknown;
  data: { classes: string[]; height: number };
  weights: string;
}

it('the model of the service can be fetched whole, and is not sent again while it is the same', async () => {
  const { url, root } = await startService();
  const response = await fetch(`${url}/model`);
  const { name, version, model, data, weights } = (await response.json()) as ServedModel;
  expect({ name, version, model }).toEqual({
    name: 'test',
    version: 1,
    model: { name: 'mlp', hidden: [16], dropout: 0 },
  });
  expect(data).toMatchObject({ classes: CLASS_NAMES, height: 28 });
  expect(Buffer.from(weights, 'base64')).toEqual(await readFile(join(root, 'test/1/weights.safetensors')));
  const again = await fetch(`${url}/model`, { headers: { 'if-none-match': response.headers.get('etag')! } });
  expect(again.status).toBe(304);
});

it('model and data need the key of the service, the page does not', async () => {
  const { url } = await startService({ apiKey: 'secret' });
  const statuses = ['/model', '/data/samples', '/data/t10k-labels-idx1-ubyte', '/', '/page/style.css'].map(
    async (path) => (await fetch(url + path)).status,
  );
  expect(await Promise.all(statuses)).toEqual([401, 401, 401, 200, 200]);
});

it('the files of the data are sent with their length, as they lie in the folder, and in parts', async () => {
  const set = images(20, 0);
  const folder = await writeDataFolder(await temporaryFolder(), set, set);
  const { url } = await startService({ data: folder });
  const packed = await fetch(`${url}/data/train-images-idx3-ubyte`);
  const file = await readFile(join(folder, 'train-images-idx3-ubyte.gz'));
  expect(packed.headers.get('content-length')).toBe(String(file.length));
  expect(packed.headers.get('cache-control')).toBe('private, max-age=86400');
  expect(Buffer.from(await packed.arrayBuffer())).toEqual(file);
  const part = await fetch(`${url}/data/t10k-labels-idx1-ubyte`, { headers: { range: 'bytes=8-12' } });
  expect(part.status).toBe(206);
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(set.labels.slice(0, 5));
  for (const path of ['/data/README.md', '/data/..%2fpackage.json']) {
    expect((await fetch(url + path)).status).toBe(404);
  }
});

it('two test images of each class are shown; none where there are no data', async () => {
  const set = images(30, 0);
  const folder = await writeDataFolder(await temporaryFolder(), set, set);
  const { url } = await startService({ data: folder });
  const samples = (await (await fetch(`${url}/data/samples`)).json()) as { label: number; pixels: string }[];
  expect(samples.map(({ label }) => label)).toEqual(CLASS_NAMES.flatMap((_, label) => [label, label]));
  // The classes take turns, so the second image of class 0 is the eleventh.
  expect(Buffer.from(samples[1]!.pixels, 'base64')).toEqual(Buffer.from(set.images.slice(7840, 8624)));
  const { url: without } = await startService({ data: join(folder, 'none') });
  expect(await (await fetch(`${without}/data/samples`)).json()).toEqual([]);
  const missing = await fetch(`${without}/data/train-labels-idx1-ubyte`);
  expect(missing.status).toBe(404);
  expect(await missing.json()).toEqual({
    error: `the service has no train-labels-idx1-ubyte in ${join(folder, 'none')}: run npx tsx src/data.ts fetch on its machine, or start it with --data FOLDER`,
  });
});

it("the page's scripts are sent once, under a policy that allows nothing from elsewhere", async () => {
  const { url } = await startService();
  const script = await fetch(`${url}/page/worker.js`);
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(script.headers.get('content-security-policy')).toBe(
    "default-src 'none';script-src 'self' 'wasm-unsafe-eval';worker-src 'self' blob:;style-src 'self';img-src 'self' data: blob:;connect-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  );
  const tag = script.headers.get('etag')!;
  expect((await fetch(`${url}/page/worker.js`, { headers: { 'if-none-match': tag } })).status).toBe(304);
}, 60_000);
