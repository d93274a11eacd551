import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { objectPath, readListing, storeObjects } from '../../../../src/pipeline/data/dvc/cache.ts';
import { compareWithPointer } from '../../../../src/pipeline/data/dvc/compare.ts';
import { hashDirectory } from '../../../../src/pipeline/data/dvc/hash.ts';
import { findPointer, readPointer, writePointer } from '../../../../src/pipeline/data/dvc/pointer.ts';
import { folderOf, FOO_BAR_POINTER } from './project.ts';

const FOO_BAR = { 'raw/foo': 'foo', 'raw/bar': 'bar' };

describe('writePointer', () => {
  test('writes what dvc add writes for a directory, and reads it again', async () => {
    const folder = await folderOf(FOO_BAR);
    const written = await writePointer(join(folder, 'raw/'));
    expect(await readFile(join(folder, 'raw.dvc'), 'utf8')).toBe(FOO_BAR_POINTER);
    expect(await readPointer(join(folder, 'raw'))).toEqual(written);
  });

  test('writes the form that DVC’s own schema takes, for a file', async () => {
    const folder = await folderOf({ foo: 'foo' });
    await writePointer(join(folder, 'foo'));
    const dvc = z.strictObject({
      outs: z.array(
        z.strictObject({ md5: z.string(), size: z.int(), hash: z.literal('md5'), path: z.string() }),
      ),
    });
    const text = await readFile(join(folder, 'foo.dvc'), 'utf8');
    expect(dvc.parse(parse(text)).outs).toEqual([
      { md5: 'acbd18db4cc2f85cedef654fccc4a4d8', size: 3, hash: 'md5', path: 'foo' },
    ]);
  });

  test('keeps what people wrote beside the version', async () => {
    const folder = await folderOf({
      ...FOO_BAR,
      'raw.dvc': `meta:\n  source: by hand\n${FOO_BAR_POINTER}  desc: two files\n  labels: [small]\n`,
    });
    await writeFile(join(folder, 'raw/bar'), 'changed');
    const { md5 } = await writePointer(join(folder, 'raw'));
    expect(md5).not.toBe('5ea40360f5b4ec688df672a4db9c17d1.dir');
    expect(await readPointer(join(folder, 'raw'))).toMatchObject({
      md5,
      size: 10,
      desc: 'two files',
      labels: ['small'],
    });
    expect(parse(await readFile(join(folder, 'raw.dvc'), 'utf8'))).toHaveProperty('meta.source', 'by hand');
  });

  test('forgets what it said of a folder that is a file now, and the other way round', async () => {
    const folder = await folderOf({ foo: 'foo' });
    const path = join(folder, 'foo');
    const file = await writePointer(path);
    await rm(path);
    await mkdir(path);
    await writeFile(join(path, 'bar'), 'bar');
    expect(await writePointer(path)).toMatchObject({ nfiles: 1, size: 3 });
    expect(await readPointer(path)).toMatchObject({ nfiles: 1, size: 3 });
    await rm(path, { recursive: true });
    await writeFile(path, 'foo');
    await writePointer(path);
    expect(await readPointer(path)).toEqual(file);
  });

  test('refuses to write over a pointer file that is damaged', async () => {
    const folder = await folderOf({ ...FOO_BAR, 'raw.dvc': '<<<<<<< HEAD\n' });
    await expect(writePointer(join(folder, 'raw'))).rejects.toThrow(/raw\.dvc/);
    expect(await readFile(join(folder, 'raw.dvc'), 'utf8')).toBe('<<<<<<< HEAD\n');
  });
});

describe('readPointer', () => {
  test.each([
    ['an unknown key', (text: string) => `${text}  etag: x\n`, /outs\.0: .*etag/],
    ['an unknown key at the top', (text: string) => `${text}cmd: rm\n`, /cmd/],
    ['a missing md5', (text: string) => text.replace(/md5: 5.*/, ''), /expected|md5/],
    ['a short md5', (text: string) => text.replace('5ea4', '5ea'), /outs\.0\.md5/],
    ['an md5 in capitals', (text: string) => text.replace('5ea4', '5EA4'), /outs\.0\.md5/],
    ['another hash', (text: string) => text.replace('hash: md5', 'hash: sha256'), /outs\.0\.hash/],
    ['no kind of hash', (text: string) => text.replace('  hash: md5\n', ''), /outs\.0\.hash/],
    ['a negative size', (text: string) => text.replace('size: 6', 'size: -6'), /outs\.0\.size/],
    ['a size that is no number', (text: string) => text.replace('size: 6', 'size: "6"'), /outs\.0\.size/],
    ['a huge nfiles', (text: string) => text.replace('nfiles: 2', 'nfiles: 1e300'), /outs\.0\.nfiles/],
    ['no nfiles', (text: string) => text.replace('  nfiles: 2\n', ''), /file and directory mixed up/],
    ['nfiles of a file', (text: string) => text.replace('.dir', ''), /file and directory mixed up/],
    [
      'a path upwards',
      (text: string) => text.replace('path: raw', 'path: ../raw'),
      /points to something else/,
    ],
    [
      'an absolute path',
      (text: string) => text.replace('path: raw', 'path: /etc'),
      /points to something else/,
    ],
    [
      'a path with a zero',
      (text: string) => text.replace('path: raw', 'path: "raw\\0"'),
      /points to something else/,
    ],
    ['two outputs', (text: string) => `${text}${text.replace('outs:\n', '')}`, /outs/],
    ['duplicate keys', (text: string) => `${text}  size: 6\n`, /unique/],
    ['two documents', (text: string) => `${text}---\n${text}`, /document/],
    ['a tag', (text: string) => text.replace('path: raw', 'path: !!js/function raw'), /tag/],
    [
      'an alias',
      (text: string) => text.replace('md5: 5', 'md5: &a 5').replace('path: raw', 'path: *a'),
      /alias/i,
    ],
    ['a list', () => '- outs\n', /expected object/],
    ['nothing', () => '', /expected object/],
  ])('refuses %s', async (_, change, message) => {
    const folder = await folderOf({ ...FOO_BAR, 'raw.dvc': change(FOO_BAR_POINTER) });
    await expect(readPointer(join(folder, 'raw'))).rejects.toThrow(message);
  });

  test.each([
    [
      'aliases that multiply',
      [
        'a: &a [x,x,x,x,x,x,x,x,x]',
        ...'bcdefghijk'
          .split('')
          .map((name, at) => `${name}: &${name} [${`*${'abcdefghij'[at]!},`.repeat(9)}]`),
      ].join('\n'),
    ],
    ['lists in lists without end', '['.repeat(20_000)],
    ['a file longer than is read', `outs: [${'x,'.repeat(2 ** 20)}]`],
    ['what is not UTF-8', Buffer.from([0x6f, 0x75, 0x74, 0x73, 0x3a, 0xff, 0xfe])],
  ])('ends in an error for %s', async (_, content) => {
    const folder = await folderOf({ 'raw.dvc': content });
    await expect(readPointer(join(folder, 'raw'))).rejects.toThrow(/^.*raw\.dvc: /);
  });

  test('does not wait for a pipe, and tells absent from damaged', async () => {
    const folder = await folderOf({});
    expect(await findPointer(join(folder, 'raw'))).toBeUndefined();
    await expect(readPointer(join(folder, 'raw'))).rejects.toThrow(/raw\.dvc: cannot be read\n.*not there/);
    execFileSync('mkfifo', [join(folder, 'raw.dvc')]);
    await expect(findPointer(join(folder, 'raw'))).rejects.toThrow(/not a regular file/);
  });
});

describe('compareWithPointer', () => {
  const setUp = async (): Promise<string> => {
    const folder = await folderOf({ ...FOO_BAR, '.dvc/config': '', 'raw.dvc': FOO_BAR_POINTER });
    await storeObjects(join(folder, 'raw'), await hashDirectory(join(folder, 'raw')));
    return join(folder, 'raw');
  };

  test('finds no difference in the version itself', async () => {
    const root = await setUp();
    expect(await compareWithPointer(root, await readPointer(root))).toEqual([]);
  });

  test('names what is changed, missing and extra', async () => {
    const root = await setUp();
    await writeFile(join(root, 'foo'), 'fo0');
    await rm(join(root, 'bar'));
    await writeFile(join(root, 'baz'), '');
    expect(await compareWithPointer(root, await readPointer(root))).toMatchObject([
      { path: join(root, 'bar'), state: 'missing' },
      {
        path: join(root, 'foo'),
        state: 'changed',
        problem: expect.stringMatching(/expected md5 acbd18db.*, got /) as string,
      },
      { path: join(root, 'baz'), state: 'extra' },
    ]);
  });

  test('names the directory where nobody knows the listing, and all of it when it is gone', async () => {
    const root = await setUp();
    await rm(join(root, '../.dvc/cache'), { recursive: true });
    await writeFile(join(root, 'foo'), 'fo0');
    const pointer = await readPointer(root);
    expect(await compareWithPointer(root, pointer)).toMatchObject([{ path: root, state: 'changed' }]);
    await rm(root, { recursive: true });
    expect(await compareWithPointer(root, pointer)).toMatchObject([{ path: root, state: 'missing' }]);
    await writeFile(root, 'a file');
    expect(await compareWithPointer(root, pointer)).toMatchObject([{ path: root, state: 'changed' }]);
  });

  test.each([{ size: 7 }, { nfiles: 3 }])('refuses a pointer that lies: %j', async (lie) => {
    const root = await setUp();
    const pointer = { ...(await readPointer(root)), ...lie };
    await expect(compareWithPointer(root, pointer)).rejects.toThrow(
      /the md5 is right, but not what stands beside/,
    );
  });
});

describe('the cache', () => {
  test('has DVC’s layout, and refuses a damaged listing', async () => {
    const folder = await folderOf({ ...FOO_BAR, '.dvc/config': '' });
    const root = join(folder, 'raw');
    const hash = await hashDirectory(root);
    await storeObjects(root, hash);
    const object = join(folder, '.dvc/cache/files/md5/5e/a40360f5b4ec688df672a4db9c17d1.dir');
    expect(objectPath(folder, hash.md5)).toBe(object);
    expect(await readFile(object, 'utf8')).toBe(
      '[{"md5": "37b51d194a7513e45b56f6524f2d51f2", "relpath": "bar"}, ' +
        '{"md5": "acbd18db4cc2f85cedef654fccc4a4d8", "relpath": "foo"}]',
    );
    expect(
      await readFile(join(folder, '.dvc/cache/files/md5/ac/bd18db4cc2f85cedef654fccc4a4d8'), 'utf8'),
    ).toBe('foo');
    expect(await readListing(root, hash.md5)).toHaveLength(2);
    await appendFile(object, ' ');
    await expect(readListing(root, hash.md5)).rejects.toThrow(/damaged/);
  });
});
