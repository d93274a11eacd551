import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { expect, test } from 'vitest';

import { FASHION_MNIST_FILES, listFiles } from '../../src/pipeline/data/fashionMnist.ts';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { PUBLISHED } from '../../src/pipeline/data/version.ts';
import { temporaryFolder } from '../pipeline/data/fixture.ts';
import { callCommand, spawnCommand } from './commands.ts';

const FILES = listFiles(FASHION_MNIST_FILES).map(({ name }) => name);

test('--help explains the command', async () => {
  const { code, stdout: out } = await callCommand('data', '--help');
  expect(code).toBe(0);
  expect(out).toMatch(/fetch[^]*import[^]*status[^]*verify[^]*--root[^]*--source[^]*exit codes/);
});

test.each([
  [['fetsh'], /unknown command 'fetsh'.*Did you mean fetch\?/],
  [['fetch', '--source', 'raw,debain'], /--source takes .*'raw,debain'.*Did you mean debian\?/],
  [['status', '--rot', 'x'], /--rot/],
  [['import'], /missing argument <files\.\.\.>: the archive/],
  [['prepare'], /missing argument <name>/],
  [['prepare', 'a', 'b'], /unexpected argument 'b'/],
  [['status', '--seed', '1'], /--seed goes with sheet only/],
  [['sheet', '--corruptions', 'fogg'], /--corruptions takes .*'fogg'.*Did you mean fog\?/],
  [['sheet', '--seed', '-0x1'], /--seed/],
])('wrong usage %j exits with 2', async (args, message) => {
  const { code, stdout: out, stderr: err } = await callCommand('data', ...args);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(message);
  expect(err).toContain('usage:');
});

test('verify fails, naming what is missing and what is changed; status reports the same and succeeds', async () => {
  const root = await temporaryFolder();
  await writeFile(join(root, 't10k-labels-idx1-ubyte'), 'no labels');
  const verified = await spawnCommand('data', 'verify', '--root', root);
  expect(verified.code).toBe(1);
  expect(verified.stderr).toContain(`${join(root, 'train-images-idx3-ubyte')}: not there`);
  expect(verified.stderr).toMatch(
    /t10k-labels-idx1-ubyte: not the published .*15d484375f8d13e6eb1aabb0c3f46965, got/,
  );

  const status = await spawnCommand('data', 'status', '--root', root);
  expect(status.code).toBe(0);
  expect(status.stdout).toMatch(/train-images-idx3-ubyte +missing[^]*t10k-labels-idx1-ubyte +changed/);
});

test('import takes the IDX files, and names what the folder has of its own', async () => {
  await fetchFashionMnist('data/raw');
  const files = FILES.map((name) => join('data/raw', name));
  const root = join(await temporaryFolder(), 'new/raw');
  const imported = await spawnCommand('data', 'import', ...files, '--root', root);
  expect(imported).toMatchObject({ code: 0 });
  expect(imported.stdout).toMatch(/byte for byte\nnext {2}npx tsx src\/train\.ts .* data\.root=/);
  await writeFile(join(root, FILES[0]!), 'mine');
  const refused = await spawnCommand('data', 'import', ...files, '--root', root);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/other files are there; nothing was written[^]*train-images[^]*--replace/);
  const replaced = await spawnCommand('data', 'import', ...files, '--root', root, '--replace', '--json');
  expect(JSON.parse(replaced.stdout)).toMatchObject({
    root,
    files: FILES.map((name, at) => ({ name, state: at === 0 ? 'written' : 'intact' })),
    reordered: [],
    version: PUBLISHED.md5,
  });
});

test('fetch fails with one message when the chosen source has nothing', async () => {
  const root = await temporaryFolder();
  const { code, stderr: err } = await spawnCommand('data', 'fetch', '--source', 'raw', '--root', root);
  expect(code).toBe(1);
  expect(err).toMatch(/some files could not be obtained[^]*raw {5}.*no \.gz files there[^]*by hand/);
});

test('prepare makes the version whose pointer file is committed, and trains on it', async () => {
  await fetchFashionMnist('data/raw');
  const folder = await temporaryFolder();
  const root = join(folder, 'raw');
  await symlink(resolve('data/raw'), root);
  const name = 'fashion-mnist-10pct';
  const prepared = await spawnCommand('data', 'prepare', name, '--root', root);
  expect(prepared).toMatchObject({ code: 0 });
  const committed = await readFile(`data/processed/${name}.dvc`, 'utf8');
  expect(await readFile(join(folder, 'processed', `${name}.dvc`), 'utf8')).toBe(committed);
  expect((await spawnCommand('data', 'prepare', name, '--root', root)).stdout).toContain('intact');

  const quick = ['device=cpu', 'train.epochs=1', 'train.limitTest=100', 'model.hidden=[16]'];
  const settings = [
    `data.root=${root}`,
    `data.name=${name}`,
    'data.validation=0.9',
    `run.dir=${folder}/runs`,
  ];
  const trained = await spawnCommand('train', 'configs/mlp.yaml', ...quick, ...settings);
  expect(trained.stderr + trained.stdout).toContain('test accuracy');
  const environment = JSON.parse(await readFile(join(folder, 'runs/latest/environment.json'), 'utf8')) as {
    dataChecksums: Record<string, string>;
  };
  expect(environment.dataChecksums['train-images-idx3-ubyte']).toBe('bbbc3799fc6196ed2b230ee7c11f831c');

  const missing = await spawnCommand(
    'train',
    'configs/mlp.yaml',
    ...quick,
    'data.name=no-such',
    `run.dir=${folder}/runs`,
  );
  expect(missing.code).toBe(1);
  expect(missing.stderr).toMatch(/configs\/data\/no-such\.yaml/);
}, 120_000);

test('sheet draws a PNG', async () => {
  await fetchFashionMnist('data/raw');
  const out = join(await temporaryFolder(), 'new/sheet.png');
  expect(await spawnCommand('data', 'sheet', '--corruptions', 'fog,inverse', '--out', out)).toMatchObject({
    code: 0,
  });
  const png = await readFile(out);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  // Two rows, at two pixels a unit.
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([
    2 * (32 + 150 + 6 * 62),
    2 * (32 + 46 + 2 * 62),
  ]);
});
