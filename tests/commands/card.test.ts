import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readEvaluation } from '../../src/pipeline/evaluation/report/report.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { callCommand, copyLatest, spawnCommand, trainTiny } from './commands.ts';

function frontMatter(card: string): Record<string, unknown> {
  return parse(card.split('---\n')[1]!) as Record<string, unknown>;
}

describe('src/card.ts', () => {
  const root = mkdtempSync(join(tmpdir(), 'wgrad-test-'));
  beforeAll(async () => {
    await trainTiny(root);
    await spawnCommand('evaluate', 'latest', '--runs', root, '--reports', root);
  }, 120_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('writes the card of a run from its records', async () => {
    const reports = join(temporaryFolder(), 'reports');
    const { code } = await spawnCommand('card', 'model', 'latest', '--runs', root, '--reports', reports);
    expect(code).toBe(0);
    const card = readFileSync(join(reports, 'MODEL_CARD.md'), 'utf8');
    expect(readFileSync(join(root, 'latest', 'MODEL_CARD.md'), 'utf8')).toBe(card);
    const { accuracy, weightsSha256 } = await readEvaluation(join(root, 'latest', 'evaluation.json'));
    expect(frontMatter(card)).toMatchObject({
      license: 'mit',
      pipeline_tag: 'image-classification',
      'model-index': [
        {
          results: [
            {
              task: { type: 'image-classification' },
              dataset: { type: 'fashion_mnist', name: 'fashion-mnist', split: 'test' },
            },
          ],
        },
      ],
    });
    expect(JSON.stringify(frontMatter(card))).toContain(String(accuracy));
    for (const part of [
      weightsSha256,
      'Linear(in_features=784, out_features=16, bias=True)',
      'hidden: [16]',
      'accuracy on corrupted images was not measured',
      'has not been verified yet',
    ]) {
      expect(card).toContain(part);
    }
  });

  it('changes no file that git tracks unless asked', async () => {
    const tracked = (): string =>
      execFileSync('git', ['status', '--porcelain', 'reports', 'data'], { encoding: 'utf8' });
    const before = tracked();
    const { path } = copyLatest(root);
    expect(await callCommand('evaluate', path, '--json')).toMatchObject({
      code: 0,
      stderr: `\nwritten  ${join(path, 'evaluation.json')}\n`,
    });
    expect(await callCommand('card', 'model', path)).toMatchObject({
      code: 0,
      stdout: `written  ${join(path, 'MODEL_CARD.md')}\n`,
    });
    expect((await callCommand('card', 'data')).stdout).toContain('| 9 | Ankle boot | 6000 | 1000 |');
    expect(tracked()).toBe(before);
  });

  it('refuses an evaluation of other weights', async () => {
    const { path } = copyLatest(root);
    const file = join(path, 'summary.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"[0-9a-f]{64}"/, `"${'0'.repeat(64)}"`));
    const { code, stderr } = await callCommand('card', 'model', path, '--reports', temporaryFolder());
    expect(stderr).toContain('evaluate again');
    expect(code).toBe(1);
  });

  it.each(['evaluation.json', 'summary.json', 'config.yaml'])('refuses a run without %s', async (file) => {
    const { path } = copyLatest(root);
    rmSync(join(path, file));
    const { code, stderr } = await callCommand('card', 'model', path, '--reports', temporaryFolder());
    expect(stderr).toContain(file);
    expect(stderr).not.toContain('    at ');
    expect(code).not.toBe(0);
  });

  it('describes the data from the files: what the repository holds is up to date', async () => {
    const folder = temporaryFolder();
    const { code } = await callCommand('card', 'data', '--out', join(folder, 'data'), '--data', 'data/raw');
    expect(code).toBe(0);
    const card = readFileSync(join(folder, 'data', 'README.md'), 'utf8');
    expect(frontMatter(card)).toMatchObject({ license: 'mit', size_categories: ['10K<n<100K'] });
    expect(card).toContain('| 9 | Ankle boot | 6000 | 1000 |');
    // The paths in it are relative to the folder, which is another one here.
    const metadata = JSON.parse(readFileSync(join(folder, 'data', 'croissant.json'), 'utf8')) as Metadata;
    const kept = JSON.parse(readFileSync('data/croissant.json', 'utf8')) as Metadata;
    expect(kept.distribution.map(({ contentUrl }) => contentUrl)[0]).toBe('raw/train-images-idx3-ubyte');
    expect(withoutPaths(metadata)).toEqual(withoutPaths(kept));
    expect(kept).toMatchObject({ '@type': 'sc:Dataset', conformsTo: 'http://mlcommons.org/croissant/1.0' });
  });

  it.each([
    ['nothing', [], 'missing command: model, data'],
    ['an unknown kind', ['wine'], 'wine'],
    ['no run', ['model'], 'missing argument <run>'],
    ['too much', ['data', 'latest'], 'latest'],
  ])('refuses %s with exit code 2', async (_, args, expected) => {
    const { code, stderr } = await callCommand('card', ...args);
    expect(stderr).toContain(expected);
    expect(code).toBe(2);
  });
});

interface Metadata {
  distribution: Record<string, string>[];
}

function withoutPaths(metadata: Metadata): unknown {
  const distribution = metadata.distribution.map((file) => ({ ...file, contentUrl: '', '@id': '' }));
  return { ...metadata, distribution };
}
