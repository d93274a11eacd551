import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import { writeIdxImages } from '../../src/pipeline/data/idx.ts';
import { Classifier } from '../../src/serve/inference/classifier.ts';
import { readInputs } from '../../src/serve/offline/inputs.ts';
import { csvOutput, jsonOutput, type OutputFormat } from '../../src/serve/offline/output.ts';
import { predictFiles } from '../../src/serve/offline/predictFiles.ts';
import { openModelFolder } from '../../src/serve/registry/modelFolder.ts';
import { type Predicted, startService, temporaryFolder, testImage } from './fixture.ts';

function png(width: number, height: number, seed: number): Uint8Array<ArrayBuffer> {
  const data = Uint8Array.from({ length: width * height }, (_, at) => (at * 37 * (seed + 1)) % 256);
  return new Uint8Array(encode({ width, height, data, channels: 1, depth: 8 }));
}

async function predict(model: Classifier, paths: string[], format: OutputFormat) {
  let text = '';
  const progress: number[] = [];
  const result = await predictFiles(model, FASHION_MNIST_DESCRIPTION, paths, {
    format,
    write: (piece) => {
      text += piece;
      return Promise.resolve();
    },
    onProgress: (images) => progress.push(images),
    signal: new AbortController().signal,
  });
  return { ...result, text, progress };
}

interface JsonDocument {
  readonly model: string;
  readonly classes: string[];
  readonly predictions: { path: string; row?: number; class: number; name: string; probability: number }[];
  readonly unreadable: object[];
}

test('files get the same bits as from the service', async () => {
  const { url, root, host } = await startService();
  const device = await open('cpu');
  const folder = await openModelFolder(join(root, 'test', '1'));
  const model = await Classifier.load(device, folder, 4);
  const pictures = await temporaryFolder();
  const expected: object[] = [];
  for (const [seed, [width, height]] of [
    [28, 28],
    [40, 31],
    [9, 120],
    [28, 28],
    [64, 64],
  ].entries()) {
    const bytes = png(width!, height!, seed);
    const path = join(pictures, `${seed}.png`);
    await writeFile(path, bytes);
    const headers = { 'content-type': 'image/png' };
    const answer = await fetch(`${url}/predict`, { method: 'POST', headers, body: bytes });
    const [prediction] = ((await answer.json()) as Predicted).predictions;
    expected.push({ path, ...prediction });
  }
  expect(host.model?.version).toBe(1);
  const { text, images, unreadable, progress } = await predict(
    model,
    [pictures],
    jsonOutput('test/1', FASHION_MNIST_DESCRIPTION.classes),
  );
  expect(JSON.parse(text)).toEqual({
    model: 'test/1',
    classes: FASHION_MNIST_DESCRIPTION.classes,
    predictions: expected,
    unreadable: [],
  });
  expect({ images, unreadable, progress }).toEqual({ images: 5, unreadable: [], progress: [4, 5] });
  device.destroy();
});

test('IDX and CSV files give a line for each image; what cannot be read is listed, and the rest goes on', async () => {
  const { root } = await startService();
  const device = await open('cpu');
  const model = await Classifier.load(device, await openModelFolder(join(root, 'test', '1')), 4);
  const folder = await temporaryFolder();
  const file = (name: string): string => join(folder, name);
  const two = Uint8Array.from([...testImage(1), ...testImage(2)]);
  await writeFile(file('a-idx3-ubyte'), writeIdxImages({ count: 2, rows: 28, columns: 28, pixels: two }));
  await writeFile(
    file('small-idx3-ubyte'),
    writeIdxImages({ count: 1, rows: 1, columns: 2, pixels: two.subarray(0, 2) }),
  );
  const header = Array.from({ length: 784 }, (_, at) => `pixel${at}`).join(',');
  await writeFile(file('a.csv'), `${header}\n${testImage(2).join(',')}\n`);
  await writeFile(file('bad.csv'), 'label,pixel0\n1,2\n');
  await writeFile(file('bad.png'), 'hello');
  await mkdir(file('empty'));
  const names = ['a-idx3-ubyte', 'missing.png', 'small-idx3-ubyte', 'bad.png', 'bad.csv', 'empty', 'a.csv'];
  const { text, unreadable } = await predict(
    model,
    names.map(file),
    jsonOutput('m', FASHION_MNIST_DESCRIPTION.classes),
  );
  const { predictions } = JSON.parse(text) as JsonDocument;
  expect(predictions.map(({ path, row }) => [path, row])).toEqual([
    [file('a-idx3-ubyte'), 0],
    [file('a-idx3-ubyte'), 1],
    [file('a.csv'), 0],
  ]);
  // The same image.
  expect({ ...predictions[2], path: '', row: 1 }).toEqual({ ...predictions[1], path: '' });
  expect(unreadable).toEqual([
    { path: file('missing.png'), problem: expect.stringMatching(/^cannot be read: .*ENOENT/) as string },
    {
      path: file('small-idx3-ubyte'),
      problem: 'images of another size than the model takes: expected 28 × 28 pixels, got 1 × 2 pixels',
    },
    { path: file('bad.png'), problem: expect.stringMatching(/^takes a picture/) as string },
    {
      path: file('bad.csv'),
      problem: 'images of another size than the model takes: expected 28 × 28 pixels, got 1 pixels',
    },
    {
      path: file('empty'),
      problem: expect.stringMatching(/^no pictures: expected files that end in \.png/) as string,
    },
  ]);
  device.destroy();
});

test('pictures of a folder come sorted by their paths, and only a few are in memory', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'b'));
  for (const name of ['c.PNG', 'b/2.png', 'b/1.png', 'a.png']) {
    await writeFile(join(folder, name), png(28, 28, 1));
  }
  await writeFile(join(folder, 'notes.txt'), 'x');
  const paths: string[] = [];
  for await (const { path } of readInputs([folder], FASHION_MNIST_DESCRIPTION)) paths.push(path);
  expect(paths).toEqual(['a.png', 'b/1.png', 'b/2.png', 'c.PNG'].map((name) => join(folder, name)));
});

test('CSV output has a column for each class, and quotes what needs it', () => {
  const { begin, prediction, end } = csvOutput(['a', 'b,c']);
  const one = {
    path: 'x "1".png',
    row: undefined,
    class: 1,
    name: 'b,c',
    probability: 0.75,
    probabilities: [0.25, 0.75],
  };
  expect(begin() + prediction(one) + prediction({ ...one, path: 'f', row: 3 }) + end([])).toBe(
    'path,row,class,name,probability,p(a),"p(b,c)"\n"x ""1"".png",,1,"b,c",0.75,0.25,0.75\nf,3,1,"b,c",0.75,0.25,0.75\n',
  );
});

test('a link to a folder is named, not skipped', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'real'));
  await writeFile(join(folder, 'real', 'a.png'), png(28, 28, 1));
  await symlink(join(folder, 'real'), join(folder, 'linked'));
  await symlink(join(folder, 'real', 'a.png'), join(folder, 'b.png'));
  const found = [];
  for await (const input of readInputs([folder], FASHION_MNIST_DESCRIPTION)) {
    found.push([input.path.slice(folder.length + 1), 'problem' in input ? input.problem : 'read']);
  }
  expect(found).toEqual([
    ['linked', 'a link to a folder, which is not followed'],
    ['b.png', 'read'],
    [join('real', 'a.png'), 'read'],
  ]);
});
