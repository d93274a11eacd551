import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { PUBLISHED } from '../../src/pipeline/data/version.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { callCommand, type Outcome, spawnCommandIn } from './commands.ts';

const labels = 'data/raw/train-labels-idx1-ubyte';

/** Runs a command of this repository in another folder. */
function run(folder: string, command: 'data' | 'train', ...args: string[]): Promise<Outcome> {
  return spawnCommandIn({ cwd: folder }, command, ...args);
}

/** A project with the committed files of this one, and its data: links, but for the training labels. */
function project(): string {
  const folder = temporaryFolder();
  for (const path of ['.dvc', 'data/raw', 'configs']) mkdirSync(join(folder, path), { recursive: true });
  for (const path of [
    '.dvc/config',
    '.dvcignore',
    'data/raw.dvc',
    'dvc.yaml',
    'configs/mlp.yaml',
    'configs/cnn.yaml',
  ]) {
    copyFileSync(path, join(folder, path));
  }
  for (const { relpath } of PUBLISHED.files) {
    const path = `data/raw/${relpath}`;
    if (path === labels) copyFileSync(path, join(folder, path));
    else symlinkSync(resolve(path), join(folder, path));
  }
  return folder;
}

/** Gives the first training image another label. */
function relabel(folder: string): void {
  const bytes = readFileSync(join(folder, labels));
  bytes[8] = (bytes[8]! + 1) % 10;
  writeFileSync(join(folder, labels), bytes);
}

function trainQuickly(folder: string, ...args: string[]): Promise<Outcome> {
  const quick = [
    'device=cpu',
    'train.epochs=1',
    'train.limitTrain=200',
    'train.limitTest=100',
    'model.hidden=[8]',
  ];
  return run(folder, 'train', 'configs/mlp.yaml', ...quick, ...args);
}

function dataVersion(folder: string): unknown {
  const text = readFileSync(join(folder, 'runs/latest/environment.json'), 'utf8');
  return (JSON.parse(text) as Record<string, unknown>).dataVersion;
}

beforeAll(() => fetchFashionMnist('data/raw'), 120_000);

describe('src/data.ts', () => {
  it('finds the committed version in data/raw, whatever .gz files lie beside it', async () => {
    const folder = project();
    writeFileSync(join(folder, `${labels}.gz`), gzipSync(readFileSync(labels)));
    const verified = await run(folder, 'data', 'verify');
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(verified.stdout).toContain(PUBLISHED.md5);
    const status = await run(folder, 'data', 'status');
    expect(status.stdout).toMatch(
      /data\/raw\.dvc: [0-9a-f]{32}\.dir, 4 files, 54950048 bytes\n.*holds this version/,
    );
  });

  it('names what is changed, extra and missing; fetch gives the committed version back', async () => {
    const folder = project();
    relabel(folder);
    writeFileSync(join(folder, 'data/raw/notes.txt'), 'x');
    rmSync(join(folder, 'data/raw/t10k-labels-idx1-ubyte'));
    const { code, stderr } = await run(folder, 'data', 'verify');
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([
      'data/raw/t10k-labels-idx1-ubyte: not there',
      expect.stringMatching(/^data\/raw\/train-labels-idx1-ubyte: changed: expected md5 9018921c.*, got /),
      'data/raw/notes.txt: not part of the committed version',
    ]);
    const status = await run(folder, 'data', 'status');
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(/missing .*t10k-labels[^]*changed .*train-labels[^]*extra .*notes/);

    const changed = readFileSync(join(folder, labels));
    const refused = await run(folder, 'data', 'fetch');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/nothing was written[^]*train-labels-idx1-ubyte: .*fetch .*--replace/s);
    expect(readFileSync(join(folder, labels)).equals(changed)).toBe(true);
    const fetched = await run(folder, 'data', 'fetch', '--replace');
    expect(fetched.code).toBe(1);
    expect(fetched.stderr).toMatch(/notes\.txt: not part of the committed version[^]*remove/);
    rmSync(join(folder, 'data/raw/notes.txt'));
    expect(await run(folder, 'data', 'fetch', '--replace')).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, labels)).equals(readFileSync(labels))).toBe(true);
  });

  it('locks another version, checks it, and fetches it again from the cache', async () => {
    const folder = project();
    relabel(folder);
    const before = readFileSync(join(folder, 'data/raw.dvc'), 'utf8');
    const stale = await run(folder, 'data', 'lock', '--check');
    expect(stale.code).toBe(1);
    expect(stale.stderr).toMatch(/data\/raw\.dvc: recorded [0-9a-f.]+dir, now [^]*data: not recorded/);
    expect(readFileSync(join(folder, 'data/raw.dvc'), 'utf8')).toBe(before);

    const locked = await run(folder, 'data', 'lock');
    expect(locked.stdout).toMatch(/train: left as it is, as runs\/latest[^]*next: git add/);
    expect(locked.code).toBe(0);
    const changed = readFileSync(join(folder, labels));
    copyFileSync(labels, join(folder, labels));
    expect((await run(folder, 'data', 'verify')).stderr).toMatch(/train-labels-idx1-ubyte: changed/);
    expect((await run(folder, 'data', 'fetch', '--replace')).stderr).toMatch(
      /train-labels-idx1-ubyte: stored .* from cache/,
    );
    expect(readFileSync(join(folder, labels)).equals(changed)).toBe(true);
    const check = await run(folder, 'data', 'lock', '--check');
    expect(check.stderr).not.toMatch(/data:|raw\.dvc/);
  });

  it('says what to do when the committed version cannot be had here', async () => {
    const folder = project();
    const pointer = readFileSync(join(folder, 'data/raw.dvc'), 'utf8');
    writeFileSync(join(folder, 'data/raw.dvc'), pointer.replace(PUBLISHED.md5, `${'0'.repeat(32)}.dir`));
    const { code, stderr } = await run(folder, 'data', 'fetch');
    expect(code).toBe(1);
    expect(stderr).toMatch(/a version of the data that cannot be had here[^]*\.dvc\/cache/);
  });

  it.each([
    [['verify', '--check'], '--check goes with lock only'],
    [['lock', '--source', 'raw'], '--source goes with fetch only'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stderr } = await callCommand('data', ...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

describe('src/train.ts', () => {
  it('refuses changed data, leaves them alone, and takes them when they are asked for by name', async () => {
    const folder = project();
    relabel(folder);
    const changed = readFileSync(join(folder, labels));
    const refused = await trainQuickly(folder);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /not the version of the data that is committed[^]*train-labels-idx1-ubyte: changed/,
    );
    expect(refused.stderr).not.toContain('    at ');
    expect(readFileSync(join(folder, labels)).equals(changed)).toBe(true);

    const name = /data\.version=([0-9a-f]{32}\.dir)/.exec(refused.stderr)![1]!;
    const other = await trainQuickly(folder, `data.version=${PUBLISHED.md5}`);
    expect(other.stderr).toContain('not the version of the data that was asked for');
    expect(other.code).toBe(1);
    const taken = await trainQuickly(folder, `data.version=${name}`);
    expect(taken.code).toBe(0);
    expect(dataVersion(folder)).toBe(name);
  });

  it('refuses data of which another version is committed', async () => {
    const folder = project();
    const pointer = readFileSync(join(folder, 'data/raw.dvc'), 'utf8');
    writeFileSync(join(folder, 'data/raw.dvc'), pointer.replace(PUBLISHED.md5, `${'0'.repeat(32)}.dir`));
    const { code, stderr } = await trainQuickly(folder);
    expect(stderr).toMatch(
      /not the version of the data that is committed[^]*0{32}\.dir, as data\/raw\.dvc says/,
    );
    expect(code).toBe(1);
  });

  it('refuses a folder with a file too many, and a pointer file that lies', async () => {
    const folder = project();
    writeFileSync(join(folder, 'data/raw/notes.txt'), 'x');
    const extra = await trainQuickly(folder);
    expect(extra.stderr).toContain('data/raw/notes.txt: not part of the committed version');
    expect(extra.code).toBe(1);

    const lying = project();
    const pointer = readFileSync(join(lying, 'data/raw.dvc'), 'utf8');
    writeFileSync(join(lying, 'data/raw.dvc'), pointer.replace('size: 54950048', 'size: 5'));
    const { code, stderr } = await trainQuickly(lying);
    expect(stderr).toMatch(/raw\.dvc: the md5 is right, but not what stands beside it[^]*size: 5,/);
    expect(code).toBe(1);
  });

  it('fetches what is missing, records the committed version, and refuses a version that is no hash', async () => {
    const folder = project();
    rmSync(join(folder, labels));
    expect(await trainQuickly(folder)).toMatchObject({ code: 0 });
    expect(dataVersion(folder)).toBe(PUBLISHED.md5);
    const { code, stderr } = await trainQuickly(folder, 'data.version=latest');
    expect(stderr).toMatch(/data\.version[^]*32 hexadecimal digits/);
    expect(code).toBe(2);
  });
});
