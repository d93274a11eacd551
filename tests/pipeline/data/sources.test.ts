import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { DataError } from '../../../src/pipeline/data/errors.ts';
import { FileError } from '../../../src/pipeline/files/fileError.ts';
import { fetchFashionMnist } from '../../../src/pipeline/data/sources/fetch.ts';
import { debianSource } from '../../../src/pipeline/data/sources/debian.ts';
import { rawSource } from '../../../src/pipeline/data/sources/raw.ts';
import { type Source, type SourceName } from '../../../src/pipeline/data/sources/source.ts';
import { contents, recordingReporter, smallDataSet, temporaryFolder } from './fixture.ts';

const set = smallDataSet();
const { files } = set;

/** A source that has the named files only; `asked` lists what was asked of it. */
function partialSource(name: SourceName, ...has: string[]): Source & { asked: string[]; closed: number } {
  const source = {
    name,
    asked: [] as string[],
    closed: 0,
    open: () =>
      Promise.resolve({
        read: (file: { name: string }) => {
          source.asked.push(file.name);
          return has.includes(file.name)
            ? Promise.resolve(set.bytes.get(file.name)!)
            : Promise.reject(new DataError(`${name} does not have it`));
        },
        close: () => {
          source.closed++;
          return Promise.resolve();
        },
      }),
  };
  return source;
}

async function debianFolder(): Promise<string> {
  const folder = await temporaryFolder();
  for (const [file, bytes] of contents(set))
    await writeFile(join(folder, `${file.name}.gz`), gzipSync(bytes));
  return folder;
}

async function expectComplete(root: string): Promise<void> {
  for (const [file, bytes] of contents(set)) expect(await readFile(join(root, file.name))).toEqual(bytes);
}

test('stores all files decompressed, making the folder', async () => {
  const root = join(await temporaryFolder(), 'data', 'raw');
  await fetchFashionMnist(root, { files, sources: [debianSource(await debianFolder())] });
  await expectComplete(root);
  expect(await readdir(root)).toHaveLength(4);
});

test('asks no source when everything is intact', async () => {
  const root = await temporaryFolder();
  await fetchFashionMnist(root, { files, sources: [debianSource(await debianFolder())] });
  const untouched = partialSource('mirror');
  await fetchFashionMnist(root, { files, sources: [untouched] });
  expect(untouched).toMatchObject({ asked: [], closed: 0 });
});

test('unpacks .gz files put there by hand', async () => {
  const root = await debianFolder();
  await fetchFashionMnist(root, { files, sources: [rawSource()] });
  await expectComplete(root);
});

test('asks each source only for what the ones before could not give, and closes it', async () => {
  const root = await temporaryFolder();
  const first = partialSource('debian', files.trainImages.name, files.testLabels.name);
  const second = partialSource('mirror', files.trainLabels.name, files.testImages.name);
  await fetchFashionMnist(root, { files, sources: [first, second] });
  await expectComplete(root);
  expect(second.asked).toEqual([files.trainLabels.name, files.testImages.name]);
  expect([first.closed, second.closed]).toEqual([1, 1]);
});

test.each([
  ['plain', (name: string) => [name, 'my labels'] as const],
  ['gzip', (name: string) => [`${name}.gz`, gzipSync('my labels')] as const],
])('refuses a file of other content (%s), and writes nothing', async (_, file) => {
  const root = await temporaryFolder();
  const [name, content] = file(files.trainLabels.name);
  await writeFile(join(root, name), content);
  const source = partialSource('mirror', ...contents(set).map(([{ name }]) => name));
  const fetching = fetchFashionMnist(root, { files, sources: [source] });
  await expect(fetching).rejects.toThrow(
    new RegExp(
      `nothing was written[^]*train-labels-idx1-ubyte[^]*expected .*md5 ${files.trainLabels.md5}, ` +
        `got .*md5 [0-9a-f]{32}[^]*fetch --root ${root} --replace`,
    ),
  );
  expect(source.asked).toEqual([]);
  expect(await readdir(root)).toEqual([name]);
  expect(await readFile(join(root, name))).toEqual(Buffer.from(content));
});

test('replaces a changed file when it is told to, and says so with both checksums', async () => {
  const root = await temporaryFolder();
  await writeFile(join(root, files.trainLabels.name), 'not labels');
  const reporter = recordingReporter();
  const sources = [debianSource(await debianFolder())];
  await fetchFashionMnist(root, { files, reporter, sources, replace: true });
  await expectComplete(root);
  expect(reporter.notes[0]).toContain(files.trainLabels.md5);
  expect(reporter.notes[0]).toMatch(/train-labels-idx1-ubyte.*got 10 bytes, md5 .*it will be replaced$/);
});

test('a damaged file of one source comes from the next', async () => {
  const damaged = await debianFolder();
  await writeFile(join(damaged, `${files.testImages.name}.gz`), gzipSync('damaged'));
  const root = await temporaryFolder();
  const next = partialSource('apt', files.testImages.name);
  await fetchFashionMnist(root, { files, sources: [debianSource(damaged), next] });
  await expectComplete(root);
  expect(next.asked).toEqual([files.testImages.name]);
});

test('when nothing works, one message lists what was tried and how to go on', async () => {
  const root = await temporaryFolder();
  const sources = [rawSource(), debianSource(join(root, 'nowhere')), partialSource('mirror')];
  const error = await fetchFashionMnist(root, { files, sources }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataError);
  const { message } = error as DataError;
  for (const [file] of contents(set)) expect(message).toContain(file.name);
  expect(message).toMatch(/raw {5}.*no \.gz files there/);
  expect(message).toMatch(/debian {2}.*nowhere: the package dataset-fashion-mnist is not installed/);
  expect(message.match(/mirror does not have it/g)).toHaveLength(1);
  expect(message).toMatch(/by hand {2}put these files/);
});

test('a folder that cannot be written ends the fetch at once', async () => {
  const root = await temporaryFolder();
  await mkdir(join(root, files.trainImages.name));
  const later = partialSource('mirror');
  const sources = [debianSource(await debianFolder()), later];
  const fetching = fetchFashionMnist(root, { files, sources, replace: true });
  await expect(fetching).rejects.toThrow(FileError);
  await expect(fetching).rejects.toThrow(/train-images-idx3-ubyte: cannot be written/);
  expect(later.asked).toEqual([]);
  expect(await readdir(root)).toEqual([files.trainImages.name]);
});

test('an aborted fetch rejects with the reason, and closes its source', async () => {
  const controller = new AbortController();
  const source = partialSource('mirror', files.trainImages.name);
  const reporter = { ...recordingReporter(), note: () => controller.abort(new Error('enough')) };
  const root = await temporaryFolder();
  const later = partialSource('apt');
  const options = { files, reporter, signal: controller.signal, sources: [source, later] };
  await expect(fetchFashionMnist(root, options)).rejects.toThrow('enough');
  expect(source).toMatchObject({ asked: [files.trainImages.name], closed: 1 });
  expect(later.closed).toBe(0);
  expect(await readdir(root)).toEqual([files.trainImages.name]);
});
