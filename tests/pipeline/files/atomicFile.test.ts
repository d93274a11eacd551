import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFileAtomic } from '../../../src/pipeline/files/atomicFile.ts';
import { FileError } from '../../../src/pipeline/files/fileError.ts';
import { asOrdinaryUser, mountTmpfs, temporaryFolder } from './disks.ts';

describe('writeFileAtomic', () => {
  it('writes text and bytes, replacing what was there and leaving nothing else', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    await writeFileAtomic(path, 'old and longer');
    await writeFileAtomic(path, new Uint8Array([1, 2, 3]));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('keeps the old file when the disk is full', async (context) => {
    const folder = mountTmpfs(context, 'size=64k');
    const path = join(folder, 'checkpoint');
    await writeFileAtomic(path, 'old');
    const error = await writeFileAtomic(path, new Uint8Array(1_000_000)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ path, code: 'ENOSPC' });
    expect(String(error)).toBe(
      `FileError: ${path}: cannot be written: ` +
        'the disk is full; free space or choose a folder on another disk (ENOSPC)',
    );
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['checkpoint']);
  });

  it('refuses a read-only file system', async (context) => {
    const folder = mountTmpfs(context, 'ro,size=64k');
    await expect(writeFileAtomic(join(folder, 'x'), 'y')).rejects.toThrow(
      /read-only.*not writable.*\(EROFS\)/,
    );
  });

  it('refuses a folder without permission', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o555);
    await expect(asOrdinaryUser(() => writeFileAtomic(join(folder, 'x'), 'y'))).rejects.toThrow(
      /not writable for this user; change its permissions .*\(EACCES\)/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a missing folder, a folder of the same name and a file in the way', async () => {
    const folder = temporaryFolder();
    await expect(writeFileAtomic(join(folder, 'no', 'x'), 'y')).rejects.toThrow(/does not exist.*\(ENOENT\)/);
    mkdirSync(join(folder, 'x'));
    await expect(writeFileAtomic(join(folder, 'x'), 'y')).rejects.toThrow(/folder of this name.*\(EISDIR\)/);
    writeFileSync(join(folder, 'file'), '');
    await expect(writeFileAtomic(join(folder, 'file', 'x'), 'y')).rejects.toThrow(/ENOTDIR/);
    expect(readdirSync(folder).sort()).toEqual(['file', 'x']);
  });
});
