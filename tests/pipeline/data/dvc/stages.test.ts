import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { readLock } from '../../../../src/pipeline/data/dvc/lockFile.ts';
import { readPipeline } from '../../../../src/pipeline/data/dvc/pipeline.ts';
import { lockProject, staleRecords } from '../../../../src/pipeline/data/dvc/project.ts';
import { folderOf, FOO_BAR_POINTER } from './project.ts';

const PIPELINE = `stages:
  train:
    cmd: train it
    deps:
    - data/raw
    params:
    - config.yaml:
      - seed
      - model
      - train.epochs
    outs:
    - out/weights:
        cache: false
  evaluate:
    cmd: measure it
    deps:
    - out/weights
    metrics:
    - out/metrics.json:
        cache: false
    plots:
    - out/figures
`;

const FILES = {
  '.dvc/config': '',
  '.dvcignore': '',
  'data/raw/foo': 'foo',
  'data/raw/bar': 'bar',
  'data/raw.dvc': FOO_BAR_POINTER,
  'config.yaml': 'seed: 1\nmodel: { name: mlp, hidden: [2, 3] }\ntrain: { epochs: 2 }\n',
  'out/weights': 'w',
  'out/metrics.json': '{}',
  'out/figures/a.svg': '<svg/>',
  'dvc.yaml': PIPELINE,
};

interface Project {
  folder: string;
  lock: () => Promise<readonly string[]>;
  stale: () => Promise<string[]>;
}

async function projectOf(changes: Record<string, string> = {}): Promise<Project> {
  const folder = await folderOf({ ...FILES, ...changes });
  const root = join(folder, 'data/raw');
  return {
    folder,
    lock: async () =>
      (await lockProject(root, { project: folder, problems: () => Promise.resolve([]) })).lines,
    stale: () => staleRecords(root, folder),
  };
}

describe('lock', () => {
  test('writes what DVC’s own schema takes, and is true then', async () => {
    const { folder, lock, stale } = await projectOf();
    expect(await lock()).toHaveLength(3);
    expect(await stale()).toEqual([]);
    const paths = z.array(
      z.strictObject({
        path: z.string(),
        hash: z.literal('md5'),
        md5: z.string().regex(/^[0-9a-f]{32}(\.dir)?$/),
        size: z.int(),
        nfiles: z.int().optional(),
      }),
    );
    const schema = z.strictObject({
      schema: z.literal('2.0'),
      stages: z.record(
        z.string(),
        z.strictObject({
          cmd: z.string(),
          deps: paths.optional(),
          params: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
          outs: paths.optional(),
        }),
      ),
    });
    const text = await readFile(join(folder, 'dvc.lock'), 'utf8');
    expect(text).toMatch(
      /^schema: '2\.0'\nstages:\n {2}evaluate:\n {4}cmd: measure it\n {4}deps:\n {4}- path: out\/weights\n {6}hash: md5\n/,
    );
    const { stages } = schema.parse(parse(text));
    expect(stages['train']).toEqual({
      cmd: 'train it',
      deps: [
        { path: 'data/raw', hash: 'md5', md5: '5ea40360f5b4ec688df672a4db9c17d1.dir', size: 6, nfiles: 2 },
      ],
      params: { 'config.yaml': { model: { name: 'mlp', hidden: [2, 3] }, seed: 1, 'train.epochs': 2 } },
      outs: [{ path: 'out/weights', hash: 'md5', md5: 'f1290186a5d0b1ceab27f4e77c0c5d68', size: 1 }],
    });
    expect(stages['evaluate']!.outs!.map(({ path }) => path)).toEqual(['out/figures', 'out/metrics.json']);
    expect(await readLock(join(folder, 'dvc.lock'))).toEqual(stages);
  });

  test('leaves the record of a stage whose files are not there, and forgets stages that are no more', async () => {
    const { folder, lock, stale } = await projectOf();
    await lock();
    const before = await readLock(join(folder, 'dvc.lock'));
    await rm(join(folder, 'out'), { recursive: true });
    await rm(join(folder, 'data/raw'), { recursive: true });
    expect((await lock()).filter((line) => line.includes('left as it is'))).toHaveLength(3);
    expect(await readLock(join(folder, 'dvc.lock'))).toEqual(before);
    // A fresh clone: versions come from the pointer file and from the stage that writes a file.
    expect(await stale()).toEqual([]);
    await writeFile(join(folder, 'dvc.yaml'), PIPELINE.replace('train:\n', 'train2:\n'));
    expect(await stale()).toEqual(['train2: not recorded', 'train: no longer in dvc.yaml']);
    await lock();
    expect(Object.keys(await readLock(join(folder, 'dvc.lock')))).toEqual(['evaluate']);
  });

  test.each([
    ['data/raw/foo', 'fo0', /data\/raw\.dvc: recorded 5ea4.*\n.*train: dep data\/raw: recorded 5ea4.*, now/],
    ['out/weights', 'v', /train: out out\/weights: recorded.*\nevaluate: dep out\/weights: recorded/],
    ['out/figures/b.svg', '', /evaluate: out out\/figures/],
    [
      'config.yaml',
      FILES['config.yaml'].replace('[2, 3]', '[2]'),
      /train: param config\.yaml model: recorded .*, now/,
    ],
    [
      'config.yaml',
      FILES['config.yaml'].replace('seed: 1', 'seed: 2'),
      /train: param config\.yaml seed: recorded 1, now 2/,
    ],
    ['dvc.yaml', PIPELINE.replace('train it', 'train more'), /train: cmd: recorded train it, now train more/],
    [
      'dvc.yaml',
      PIPELINE.replace('- data/raw', '- data/raw\n    - config.yaml'),
      /train: dep config.yaml: not recorded/,
    ],
    [
      'dvc.yaml',
      PIPELINE.replace('    deps:\n    - data/raw\n', ''),
      /train: dep data\/raw: recorded, but no longer/,
    ],
  ])('is stale when %s changes', async (path, content, expected) => {
    const { folder, lock, stale } = await projectOf();
    await lock();
    await writeFile(join(folder, path), content);
    expect((await stale()).join('\n')).toMatch(expected);
    await lock();
    expect(await stale()).toEqual([]);
  });

  test('is stale on a fresh clone whose pointer file names another version than the stage read', async () => {
    const { folder, lock, stale } = await projectOf();
    await lock();
    await rm(join(folder, 'data/raw'), { recursive: true });
    await writeFile(join(folder, 'data/raw.dvc'), FOO_BAR_POINTER.replace('5ea4', '6ea4'));
    expect(await stale()).toEqual([expect.stringMatching(/^train: dep data\/raw: recorded 5ea4.*now 6ea4/)]);
  });

  test('records prepared data sets, too', async () => {
    const { folder, lock, stale } = await projectOf();
    await mkdir(join(folder, 'data/processed/flipped'), { recursive: true });
    await writeFile(join(folder, 'data/processed/flipped/x'), 'x');
    await writeFile(join(folder, 'data/processed/flipped.dvc'), FOO_BAR_POINTER.replace('raw', 'flipped'));
    await lock();
    await writeFile(join(folder, 'data/processed/flipped/x'), 'y');
    expect(await stale()).toEqual([expect.stringMatching(/flipped\.dvc: recorded/)]);
  });

  test.each([
    ['an unknown key', (text: string) => text.replace('cmd:', 'command:'), /command/],
    ['another schema', (text: string) => text.replace("'2.0'", "'1.0'"), /schema/],
    [
      'a path upwards',
      (text: string) => text.replace('path: data/raw', 'path: data/../../raw'),
      /path below/,
    ],
    ['a size that is no count', (text: string) => text.replace('size: 6', 'size: 6.5'), /size/],
    ['an md5 that is none', (text: string) => text.replace(/md5: 5.*/, 'md5: 5'), /md5/],
  ])('refuses a dvc.lock with %s', async (_, change, message) => {
    const { folder, lock, stale } = await projectOf();
    await lock();
    const file = join(folder, 'dvc.lock');
    await writeFile(file, change(await readFile(file, 'utf8')));
    await expect(stale()).rejects.toThrow(message);
    await expect(lock()).rejects.toThrow(message);
  });
});

describe('dvc.yaml', () => {
  test.each([
    ['an unknown key', PIPELINE.replace('deps:', 'depends:'), /depends/],
    ['a template', `vars: [x]\n${PIPELINE}`, /vars/],
    ['a matrix', PIPELINE.replace('cmd:', 'matrix: { a: [1] }\n    cmd:'), /matrix/],
    ['a path upwards', PIPELINE.replace('- data/raw', '- ../raw'), /path below the project/],
    ['an absolute path', PIPELINE.replace('- data/raw', '- /etc/passwd'), /path below the project/],
    [
      'an output of two stages',
      PIPELINE.replace('- out/figures', '- out/weights'),
      /out\/weights is written by train and by evaluate/,
    ],
    ['two paths in one entry', PIPELINE.replace('cache: false', 'cache: false\n      other: {}'), /outs/],
  ])('refuses %s', async (_, text, message) => {
    const folder = await folderOf({ 'dvc.yaml': text });
    await expect(readPipeline(join(folder, 'dvc.yaml'))).rejects.toThrow(message);
  });

  test('a parameter that is not there is named', async () => {
    const { lock } = await projectOf({ 'config.yaml': 'seed: 1\nmodel: x\n' });
    await expect(lock()).rejects.toThrow(/config\.yaml: no parameter train\.epochs/);
  });
});

test('the project’s own dvc.yaml is read, and its stages hang together', async () => {
  const stages = await readPipeline('dvc.yaml');
  expect(stages.map(({ name }) => name)).toEqual(['data', 'train', 'evaluate', 'visualize']);
  const known = new Set(['data/raw', ...stages.flatMap(({ outs }) => outs)]);
  for (const dep of stages.flatMap(({ deps }) => deps)) expect(known).toContain(dep);
});

test('a folder that is not there, and never was, cannot be recorded', async () => {
  const folder = await folderOf({ foo: 'foo' });
  const locking = lockProject(join(folder, 'typo'), { project: folder, problems: () => Promise.resolve([]) });
  await expect(locking).rejects.toThrow(/typo: nothing to record/);
});
