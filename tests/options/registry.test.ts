// Each argument and option of the commands that keep models reaches the function for which it stands.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { moveAlias, readAlias } from '../../src/serve/registry/aliases.ts';
import type { promoteRun } from '../../src/serve/registry/promote.ts';
import { modelVersions, readRecord } from '../../src/serve/registry/reference.ts';
import { markServed } from '../../src/serve/registry/served.ts';
import { callCommand } from '../commands/commands.ts';
import { addModel, temporaryFolder } from '../serve/fixture.ts';
import { declaredOptions } from './commandOptions.ts';

const PROMOTE = '../../src/serve/registry/promote.ts';
const promotions: Parameters<typeof promoteRun>[0][] = [];
let promoted: Awaited<ReturnType<typeof promoteRun>>;
vi.doMock(PROMOTE, () => ({
  promoteRun: (promotion: Parameters<typeof promoteRun>[0]) => {
    promotions.push(promotion);
    return Promise.resolve(promoted);
  },
}));
afterAll(() => vi.doUnmock(PROMOTE));

async function registry(...words: string[]): Promise<[code: number, text: string]> {
  const { code, stdout, stderr } = await callCommand('registry', ...words);
  return [code, stdout + stderr];
}

const parsed = ([code, text]: [number, string]): unknown => [code, JSON.parse(text)];

/** A registry with versions 1 and 2 of `mlp`; `champion` has moved from 1 to 2, `stable` from 2 to 1. */
async function twoVersions(): Promise<string> {
  const root = await temporaryFolder();
  await addModel(root, 'mlp', 1);
  await addModel(root, 'mlp', 2);
  for (const version of [2, 1]) await moveAlias(join(root, 'mlp'), 'stable', version);
  return root;
}

/** What a promotion answers; and a run, its folder of runs, gates. */
async function aRun(before?: number, isNew = true) {
  const root = await twoVersions();
  const path = join(root, 'mlp', '2');
  const verdicts = [{ passed: true, text: 'accuracy: takes at least 0.5, got 0.9' }];
  promoted = { path, record: await readRecord(path), verdicts, isNew, before };
  const runs = await temporaryFolder();
  await mkdir(join(runs, 'a-run'));
  await writeFile(join(runs, 'a-run', 'config.yaml'), 'name: a-run\n');
  const gates = join(runs, 'gates.yaml');
  await writeFile(gates, 'gates:\n  - metric: accuracy\n    min: 0.5\n');
  return { root, path, runs, gates, verdicts };
}

test('promote takes a run, a name, and every option', async () => {
  const { root, path, runs, gates, verdicts } = await aRun(1);
  const words = ['promote', 'a-run', 'mlp', '--models', root, '--runs', runs, '--gates', gates];
  expect(parsed(await registry(...words, '--alias', 'stable', '--json'))).toEqual([
    0,
    { path, isNew: true, alias: 'stable', before: 1, record: promoted.record, verdicts },
  ]);
  const wanted = { run: join(runs, 'a-run'), root, name: 'mlp', gates: [{ metric: 'accuracy', min: 0.5 }] };
  expect(promotions.splice(0)).toEqual([{ ...wanted, alias: 'stable' }]);
  expect(await registry(...words)).toEqual([
    0,
    `passed  accuracy: takes at least 0.5, got 0.9

model   ${path}: weights, configuration, metrics, card, checksums
before  version 1, accuracy 90.00 %; now 90.00 %
alias   mlp@latest, mlp@champion → version 2
next    npx tsx src/api.ts --model mlp@champion   serves it; a running service loads it within seconds
`,
  ]);
  expect(promotions.splice(0)).toEqual([{ ...wanted, alias: 'champion' }]);
});

test('promote says that the weights are there already, and names an alias once', async () => {
  const { root, path, runs, gates } = await aRun(2, false);
  const words = ['promote', 'a-run', 'mlp', '--models', root, '--runs', runs, '--gates', gates];
  const [code, text] = await registry(...words, '--alias', 'latest');
  expect([code, text.split('\n').slice(1, 5)]).toEqual([
    0,
    [
      '',
      `model   ${path} has the same weights (run run-2), so no version is added`,
      'alias   mlp@latest → version 2',
      'next    npx tsx src/api.ts --model mlp@latest   serves it; a running service loads it within seconds',
    ],
  ]);
  promoted = { ...promoted, before: undefined };
  expect(parsed(await registry(...words, '--json'))).toMatchObject([0, { before: null, isNew: false }]);
});

test('promote compares with nothing where the version before is gone', async () => {
  const { root, runs, gates } = await aRun(7);
  const words = ['promote', 'a-run', 'mlp', '--models', root, '--runs', runs, '--gates', gates];
  const [code, text] = await registry(...words);
  expect([code, text.includes('before')]).toEqual([0, false]);
});

test('without options, promote takes the gates of the project and the folders runs and models', async () => {
  const { runs } = await aRun();
  promotions.splice(0);
  await registry('promote', join(runs, 'a-run'), 'mlp');
  expect(promotions).toMatchObject([{ run: join(runs, 'a-run'), root: 'models', alias: 'champion' }]);
  expect(promotions[0]!.gates.map(({ metric }) => metric)).toEqual([
    'accuracy',
    'ece',
    'meanCorruptionError',
    'sizeBytes',
  ]);
});

test('list takes the folder, and prints all versions', async () => {
  const root = await twoVersions();
  const { metrics } = await readRecord(join(root, 'mlp', '1'));
  expect(parsed(await registry('list', '--models', root, '--json'))).toEqual([
    0,
    [
      { name: 'mlp', version: 1, aliases: ['stable'], run: 'run-1', metrics },
      { name: 'mlp', version: 2, aliases: ['champion'], run: 'run-2', metrics: expect.any(Object) as object },
    ],
  ]);
  expect(await registry('list', '--models', root)).toEqual([
    0,
    'mlp/1             accuracy 90.00 %    stable              run-1\n' +
      'mlp/2             accuracy 90.00 %    champion            run-2\n',
  ]);
  expect(parsed(await registry('list', '--models', await temporaryFolder(), '--json'))).toEqual([0, []]);
});

test('show takes the model and the folder', async () => {
  const root = await twoVersions();
  const path = join(root, 'mlp', '1');
  expect(parsed(await registry('show', 'mlp@stable', '--models', root, '--json'))).toEqual([
    0,
    {
      path,
      manifestSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      ...(await readRecord(path)),
    },
  ]);
  const [code, text] = await registry('show', 'mlp/2', '--models', root);
  expect([code, text.split('\n')[0]]).toEqual([
    0,
    `${join(root, 'mlp', '2')}: 3 files, all as they were promoted`,
  ]);
});

test('alias takes a version, an alias and the folder', async () => {
  const root = await twoVersions();
  expect(parsed(await registry('alias', 'mlp/1', 'champion', '--models', root, '--json'))).toEqual([
    0,
    { name: 'mlp', version: 1, alias: 'champion', before: 2 },
  ]);
  expect(await readAlias(join(root, 'mlp'), 'champion')).toEqual({ version: 1, previous: [1, 2] });
  expect(parsed(await registry('alias', 'mlp/1', 'new', '--models', root, '--json'))).toEqual([
    0,
    { name: 'mlp', version: 1, alias: 'new', before: null },
  ]);
});

test('delete takes a version, the folder and --force', async () => {
  const root = await twoVersions();
  const path = join(root, 'mlp', '1');
  const words = ['delete', 'mlp/1', '--models', root];
  expect((await registry(...words))[0]).toBe(1);
  expect(await modelVersions(root, 'mlp')).toEqual([1, 2]);
  await moveAlias(join(root, 'mlp'), 'stable', 2);
  const release = await markServed(root, path);
  expect(await registry(...words)).toEqual([1, expect.stringContaining('a service runs it')]);
  await moveAlias(join(root, 'mlp'), 'stable', 1);
  expect(parsed(await registry(...words, '--force', '--json'))).toEqual([
    0,
    { deleted: path, aliases: ['stable'] },
  ]);
  await release();
  expect(await modelVersions(root, 'mlp')).toEqual([2]);
});

test('rollback takes a name, the folder and an alias; without one, it is the champion', async () => {
  const root = await twoVersions();
  const words = ['rollback', 'mlp', '--models', root];
  expect(parsed(await registry(...words, '--alias', 'stable', '--json'))).toEqual([
    0,
    { name: 'mlp', alias: 'stable', from: 1, to: 2 },
  ]);
  expect(await readAlias(join(root, 'mlp'), 'champion')).toEqual({ version: 2, previous: [1] });
  expect(await registry(...words)).toEqual([0, 'mlp@champion: version 2 → 1\n']);
  expect(await readAlias(join(root, 'mlp'), 'stable')).toEqual({ version: 2, previous: [] });
});

test('the cases above have every option of every command', async () => {
  expect(await declaredOptions('registry')).toEqual({
    promote: ['models', 'runs', 'gates', 'alias', 'json'],
    list: ['models', 'json'],
    show: ['models', 'json'],
    alias: ['models', 'json'],
    delete: ['models', 'force', 'json'],
    rollback: ['models', 'alias', 'json'],
  });
});
