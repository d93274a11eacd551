import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { moveAlias, readAlias } from '../../src/serve/registry/aliases.ts';
import { addModel } from '../serve/fixture.ts';
import { callCommand } from './commands.ts';

async function json(name: string, ...args: string[]): Promise<unknown> {
  return JSON.parse((await callCommand(name, ...args, '--json')).stdout);
}

beforeAll(() => fetchFashionMnist('data/raw'));

describe('--json', () => {
  it.each([
    ['train', ''],
    ['evaluate', ''],
    ['verify', ''],
    ['visualize', ''],
    ['doctor', ''],
    ['tune', ''],
    ...['status', 'cancel', 'retry'].map((each) => ['sweep', each]),
    ...['list', 'show', 'check'].map((each) => ['kernels', each]),
    ...['model', 'data'].map((each) => ['card', each]),
    ...['list', 'show', 'compare', 'tag', 'note', 'rm', 'sync'].map((each) => ['runs', each]),
    ...['fetch', 'status', 'verify', 'lock', 'prepare', 'sheet'].map((each) => ['data', each]),
    ...['promote', 'list', 'show', 'alias', 'delete', 'rollback'].map((each) => ['registry', each]),
  ])('is an option of %s %s', async (name, sub) => {
    const { stdout } = await callCommand(name, ...(sub === '' ? [] : [sub]), '--help');
    expect(stdout).toMatch(/^ {2}--json +print the result as JSON$/m);
  });

  it('gives the state of the data', async () => {
    const version = expect.stringMatching(/^[0-9a-f]{32}\.dir$/) as string;
    const intact = { root: 'data/raw', version, problems: [] };
    expect(await json('data', 'status')).toEqual(intact);
    expect(await json('data', 'verify')).toEqual(intact);
    const empty = await callCommand('data', 'verify', '--root', temporaryFolder(), '--json');
    expect(empty.code).toBe(1);
    expect(JSON.parse(empty.stdout)).toMatchObject({ version: null, problems: { length: 4 } });
  });

  it('gives what the registry did', async () => {
    const models = join(temporaryFolder(), 'models');
    cpSync('models', models, { recursive: true });
    expect(await json('registry', 'alias', 'mlp/1', 'stable', '--models', models)).toEqual({
      name: 'mlp',
      version: 1,
      alias: 'stable',
      before: null,
    });
    const deleted = await json('registry', 'delete', 'mlp/1', '--force', '--models', models);
    expect(deleted).toMatchObject({ deleted: join(models, 'mlp', '1') });
    expect((deleted as { aliases: string[] }).aliases).toContain('stable');
  });

  it('rolls back the alias that is named', async () => {
    const models = temporaryFolder();
    for (const version of [1, 2]) await addModel(models, 'test', version);
    for (const version of [1, 2]) await moveAlias(join(models, 'test'), 'staging', version);
    const args = ['test', '--alias', 'staging', '--models', models];
    expect(await json('registry', 'rollback', ...args)).toEqual({
      name: 'test',
      alias: 'staging',
      from: 2,
      to: 1,
    });
    expect((await readAlias(join(models, 'test'), 'staging'))?.version).toBe(1);
    expect((await readAlias(join(models, 'test'), 'champion'))?.version).toBe(2);
  });

  it('gives the card of the data', async () => {
    expect(await json('card', 'data')).toMatchObject({ '@type': 'sc:Dataset' });
  });
});
