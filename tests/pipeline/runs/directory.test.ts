import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  promises,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FileError } from '../../../src/pipeline/files/fileError.ts';
import { createRunDirectory, resolveRun } from '../../../src/pipeline/runs/directory.ts';
import { asOrdinaryUser, mountTmpfs, temporaryFolder } from '../files/disks.ts';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const start = new Date('2026-11-24T13:44:55.678Z');

function withoutSymlinks(): void {
  const refusal = Object.assign(new Error('not permitted'), { code: 'EPERM' });
  vi.spyOn(promises, 'symlink').mockRejectedValue(refusal);
  // For modules that import the function by name.
  syncBuiltinESMExports();
}

describe('createRunDirectory', () => {
  it('names the folder by time and name, and points latest to it', async () => {
    const root = join(temporaryFolder(), 'deep', 'runs');
    const run = await createRunDirectory(root, 'mlp', start);
    expect(run).toEqual({
      id: '20261124-134455-mlp',
      path: join(root, '20261124-134455-mlp'),
      checkpoints: join(root, '20261124-134455-mlp', 'checkpoints'),
    });
    expect(readdirSync(run.path)).toEqual(['checkpoints']);
    expect(readlinkSync(join(root, 'latest'))).toBe(run.id);
    expect(readdirSync(root).sort()).toEqual([run.id, 'latest']);
  });

  it('gives runs of the same second folders of their own, also when they start at once', async () => {
    const root = temporaryFolder();
    const runs = await Promise.all(Array.from({ length: 8 }, () => createRunDirectory(root, 'mlp', start)));
    expect(new Set(runs.map((run) => run.id)).size).toBe(8);
    expect(runs.map((run) => run.id)).toContain('20261124-134455-mlp-8');
    expect(existsSync(join(root, 'latest', 'checkpoints'))).toBe(true);
    expect(readdirSync(root)).toHaveLength(9);
  });

  it('keeps a strange name inside the folder', async () => {
    const root = temporaryFolder();
    const run = await createRunDirectory(root, '../a b/ü', start);
    expect(run.id).toBe('20261124-134455-..-a-b-');
  });

  it('writes a file where there are no symbolic links', async () => {
    const root = temporaryFolder();
    withoutSymlinks();
    await createRunDirectory(root, 'first', start);
    const run = await createRunDirectory(root, 'second', start);
    expect(lstatSync(join(root, 'latest')).isFile()).toBe(true);
    expect(readFileSync(join(root, 'latest'), 'utf8')).toBe(`${run.id}\n`);
    expect(await resolveRun(root, 'latest')).toBe(run.path);
    expect(readdirSync(root)).toHaveLength(3);
  });

  it('refuses a folder without permission', async () => {
    const root = temporaryFolder();
    chmodSync(root, 0o555);
    await expect(asOrdinaryUser(() => createRunDirectory(root, 'mlp', start))).rejects.toThrow(
      `${join(root, '20261124-134455-mlp')}: cannot be written: it is not writable for this user`,
    );
    await expect(asOrdinaryUser(() => createRunDirectory(join(root, 'runs'), 'mlp'))).rejects.toThrow(
      /EACCES/,
    );
  });

  it('refuses files that stand where folders are needed, and a folder where the link is', async () => {
    const root = temporaryFolder();
    const file = join(root, 'file');
    writeFileSync(file, '');
    await expect(createRunDirectory(file, 'mlp')).rejects.toThrow(/a file of this name.*EEXIST/);
    await expect(createRunDirectory(join(file, 'runs'), 'mlp')).rejects.toThrow(/ENOTDIR/);
    mkdirSync(join(root, 'latest'));
    await expect(createRunDirectory(root, 'mlp')).rejects.toThrow(/latest: cannot be written/);
    expect(readdirSync(root).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('refuses a read-only file system', async (context) => {
    const root = mountTmpfs(context, 'ro,size=64k');
    await expect(createRunDirectory(root, 'mlp')).rejects.toThrow(/read-only.*EROFS/);
  });

  it('refuses a full disk', async (context) => {
    const root = mountTmpfs(context, 'size=64k,nr_inodes=2');
    await expect(createRunDirectory(root, 'mlp')).rejects.toThrow(/the disk is full.*ENOSPC/);
  });
});

describe('resolveRun', () => {
  it('follows latest, an id and a path', async () => {
    const root = temporaryFolder();
    const first = await createRunDirectory(root, 'first', start);
    const second = await createRunDirectory(root, 'second', start);
    expect(await resolveRun(root, first.id)).toBe(first.path);
    expect(await resolveRun(root, first.path)).toBe(first.path);
    expect(await resolveRun(root, 'latest')).toBe(second.path);
  });

  it('names the nearest runs where there is none', async () => {
    const root = temporaryFolder();
    await expect(resolveRun(root, 'latest')).rejects.toThrow(`there is no such run; ${root} holds no runs`);
    await expect(resolveRun(join(root, 'no'), 'x')).rejects.toThrow(FileError);
    const run = await createRunDirectory(root, 'mlp', start);
    await expect(resolveRun(root, '20261124-134455-mpl')).rejects.toThrow(`the nearest are ${run.id}`);
    await expect(resolveRun(root, '')).rejects.toThrow(/no such run/);
  });
});
