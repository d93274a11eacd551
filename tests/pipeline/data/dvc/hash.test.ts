import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  directoryListing,
  directoryMd5,
  hashDirectory,
  hashFile,
} from '../../../../src/pipeline/data/dvc/hash.ts';
import { folderOf } from './project.ts';

describe('hashDirectory', () => {
  test('gives DVC’s hash of a directory with foo and bar', async () => {
    const folder = await folderOf({ foo: 'foo', bar: 'bar' });
    expect(await hashDirectory(folder)).toEqual({
      md5: '5ea40360f5b4ec688df672a4db9c17d1.dir',
      size: 6,
      nfiles: 2,
      files: [
        { relpath: 'bar', md5: '37b51d194a7513e45b56f6524f2d51f2', size: 3 },
        { relpath: 'foo', md5: 'acbd18db4cc2f85cedef654fccc4a4d8', size: 3 },
      ],
    });
  });

  test('counts files in folders and links to files, and no empty folders', async () => {
    const folder = await folderOf({ 'a/b/foo': 'foo', 'a-b': 'x' });
    await mkdir(join(folder, 'empty'));
    await symlink(join(folder, 'a/b/foo'), join(folder, 'linked'));
    const { files } = await hashDirectory(folder);
    // '-' is before '/', so that 'a-b' comes before 'a/b/foo'.
    expect(files.map(({ relpath }) => relpath)).toEqual(['a-b', 'a/b/foo', 'linked']);
    expect(files[2]!.md5).toBe(files[1]!.md5);
  });

  test('leaves out what .dvcignore of the project names, in its own case', async () => {
    const folder = await folderOf({
      '.dvc/config': '',
      '.dvcignore': '# left out\n/data/raw/*.gz\n!keep.gz\n',
      'data/raw/foo': 'foo',
      'data/raw/bar': 'bar',
      'data/raw/foo.gz': 'ignored',
      'data/raw/.dvc/x': 'ignored',
    });
    expect((await hashDirectory(join(folder, 'data/raw'))).md5).toBe('5ea40360f5b4ec688df672a4db9c17d1.dir');
    await writeFile(join(folder, 'data/raw/other.GZ'), 'not ignored');
    expect((await hashDirectory(join(folder, 'data/raw'))).nfiles).toBe(3);
  });

  test.each(['data/.dvcignore', 'data/raw/.dvcignore', 'data/raw/deep/.dvcignore'])(
    'refuses %s, as its rules would have to be merged',
    async (path) => {
      const folder = await folderOf({ '.dvc/config': '', 'data/raw/foo': 'foo', [path]: 'x' });
      await expect(hashDirectory(join(folder, 'data/raw'))).rejects.toThrow(/dvcignore: not allowed here/);
    },
  );

  test('refuses what is neither file nor folder, without opening it', async () => {
    const folder = await folderOf({ foo: 'foo' });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(hashDirectory(folder)).rejects.toThrow(/pipe: cannot be versioned/);
    await expect(hashFile(join(folder, 'pipe'))).rejects.toThrow(/not a regular file/);
  });

  test.each(['/', 'nowhere'])('refuses a link to %s', async (target) => {
    const folder = await folderOf({ foo: 'foo' });
    await symlink(target, join(folder, 'link'));
    await expect(hashDirectory(folder)).rejects.toThrow(/link: cannot be versioned/);
  });

  test('refuses a name that is not UTF-8', async () => {
    const folder = await folderOf({ foo: 'foo' });
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]), 'x');
    await expect(hashDirectory(folder)).rejects.toThrow(/not UTF-8/);
  });

  test('refuses what is not there, and what is a file', async () => {
    const folder = await folderOf({ foo: 'foo' });
    await expect(hashDirectory(join(folder, 'none'))).rejects.toThrow(/none.*cannot be listed/);
    await expect(hashDirectory(join(folder, 'foo'))).rejects.toThrow(/foo.*cannot be listed/);
  });
});

describe('directoryListing', () => {
  test('is what Python writes: ASCII only, sorted by code point', () => {
    const names = ['\u{1f45f}', '\uff5e', 'é"\\\n\u007f\u0001', 'a'];
    expect(directoryListing(names.map((relpath) => ({ relpath, md5: 'x' })))).toBe(
      '[{"md5": "x", "relpath": "a"}, ' +
        '{"md5": "x", "relpath": "\\u00e9\\"\\\\\\n\\u007f\\u0001"}, ' +
        '{"md5": "x", "relpath": "\\uff5e"}, ' +
        '{"md5": "x", "relpath": "\\ud83d\\udc5f"}]',
    );
  });

  test('does not depend on the order in which files are found', () => {
    const [a, b] = [
      { relpath: 'bar', md5: '37b51d194a7513e45b56f6524f2d51f2' },
      { relpath: 'foo', md5: 'acbd18db4cc2f85cedef654fccc4a4d8' },
    ];
    expect(directoryMd5([b, a])).toBe('5ea40360f5b4ec688df672a4db9c17d1.dir');
    expect(directoryMd5([a, b])).toBe(directoryMd5([b, a]));
  });
});
