import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { printConfiguration } from '../../src/pipeline/config/configuration.ts';
import { encodeSafetensors } from '../../src/formats/safetensors/index.ts';
import { weightsSha256 } from '../../src/pipeline/checkpoint/weightsSha256.ts';
import { moveAlias, readAlias, rollBackAlias } from '../../src/serve/registry/aliases.ts';
import { type Gate, readGates } from '../../src/serve/registry/gates.ts';
import { inputStatistics } from '../../src/serve/registry/inputStatistics.ts';
import { openModelFolder } from '../../src/serve/registry/modelFolder.ts';
import { promote } from '../../src/serve/registry/promote.ts';
import { resolveModel } from '../../src/serve/registry/reference.ts';
import { addModel, randomWeights, temporaryFolder } from './fixture.ts';

const STATISTICS = inputStatistics(
  Uint8Array.from({ length: 784 * 20 }, (_, at) => at % 256),
  784,
);
const ACCURACY: Gate = { metric: 'accuracy', min: 0.8 };

/** A finished run in a folder, its checkpoint with optimizer state. */
async function makeRun(accuracy: number, evaluation?: object): Promise<string> {
  const run = await temporaryFolder();
  const { configuration, tensors } = await randomWeights('mlp', 3);
  const optimizer = { 'optimizer.0': { dtype: 'F32' as const, shape: [4], data: new Float32Array(4) } };
  await mkdir(join(run, 'checkpoints'));
  await writeFile(
    join(run, 'checkpoints', 'best.safetensors'),
    encodeSafetensors({ ...tensors, ...optimizer }),
  );
  await writeFile(join(run, 'config.yaml'), printConfiguration(configuration));
  const sha256 = weightsSha256(tensors);
  const summary = { testAccuracy: accuracy, testLoss: 0.3, parameterCount: 12_730, weightsSha256: sha256 };
  await writeFile(join(run, 'summary.json'), JSON.stringify(summary));
  if (evaluation) {
    const all = { weightsSha256: sha256, accuracy, loss: 0.3, top2: 0.97, ece: 0.02, ...evaluation };
    await writeFile(join(run, 'evaluation.json'), JSON.stringify(all));
  }
  return run;
}

async function promoteRun(run: string, root: string, gates: Gate[] = [ACCURACY]) {
  return promote({ run, root, name: 'mlp', gates, statistics: STATISTICS });
}

describe('promotion', () => {
  test('copies all that serving needs, without the optimizer, and moves the aliases', async () => {
    const root = await temporaryFolder();
    const run = await makeRun(0.9, { robustness: { meanCorruptionError: 0.4 } });
    const first = await promoteRun(run, root, [ACCURACY, { metric: 'meanCorruptionError', max: 0.5 }]);
    const second = await promoteRun(run, root);
    expect([first.record.version, second.record.version]).toEqual([1, 2]);
    const { record, files } = await openModelFolder(first.path);
    expect(record.metrics).toMatchObject({ accuracy: 0.9, ece: 0.02, meanCorruptionError: 0.4 });
    expect([...files.keys()].sort()).toEqual([
      'README.md',
      'config.yaml',
      'metrics.json',
      'model.json',
      'weights.safetensors',
    ]);
    expect(Buffer.from(files.get('weights.safetensors')!).includes('optimizer')).toBe(false);
    expect(Buffer.from(files.get('README.md')!).toString()).toContain('90.00 %');
    expect(await readAlias(join(root, 'mlp'), 'champion')).toEqual({ version: 2, previous: [1] });
    expect((await readdir(join(root, 'mlp'))).sort()).toEqual(['1', '2', 'aliases']);
  });

  test('promotions at once take versions of their own', async () => {
    const root = await temporaryFolder();
    const run = await makeRun(0.9);
    const all = await Promise.all([1, 2, 3].map(() => promoteRun(run, root)));
    expect(all.map(({ record }) => record.version).sort()).toEqual([1, 2, 3]);
  });

  test('a gate that is not passed leaves the registry as it was', async () => {
    const root = await temporaryFolder();
    const run = await makeRun(0.7);
    await expect(promoteRun(run, root)).rejects.toThrow(/FAILED {2}accuracy: takes at least 0.8, got 0.7/);
    expect(await readdir(root)).toEqual([]);
  });

  test('a metric that was not measured fails its gate, and names the command that measures it', async () => {
    const root = await temporaryFolder();
    const run = await makeRun(0.9);
    const gates: Gate[] = [{ metric: 'meanCorruptionError', max: 1 }];
    await expect(promoteRun(run, root, gates)).rejects.toThrow(/src\/evaluate\.ts .* --robustness/);
  });

  test('a measurement of other weights, and an unfinished run, are refused', async () => {
    const root = await temporaryFolder();
    const other = await makeRun(0.9, { weightsSha256: '0'.repeat(64) });
    await expect(promoteRun(other, root)).rejects.toThrow(/measures other weights/);
    const unfinished = await makeRun(0.9);
    await rm(join(unfinished, 'summary.json'));
    await expect(promoteRun(unfinished, root)).rejects.toThrow(/not finished/);
  });

  test('the gates of the project can be read; others are refused by name', async () => {
    expect(readGates('configs/gates.yaml').map(({ metric }) => metric)).toContain('meanCorruptionError');
    const file = join(await temporaryFolder(), 'gates.yaml');
    await writeFile(file, 'gates:\n  - metric: speed\n    min: 1\n');
    expect(() => readGates(file)).toThrow(/gates\.yaml:.*metric/);
  });
});

describe('a model folder', () => {
  test.each(['weights.safetensors', 'config.yaml', 'model.json'])(
    'with a changed %s is refused',
    async (name) => {
      const root = await temporaryFolder();
      await addModel(root, 'mlp', 1);
      const path = join(root, 'mlp', '1', name);
      const bytes = await readFile(path);
      bytes[bytes.length - 2]! ^= 1;
      await writeFile(path, bytes);
      await expect(openModelFolder(join(root, 'mlp', '1'))).rejects.toThrow(
        `${name}: not the file that was promoted`,
      );
    },
  );

  test('with a missing, an added or a linked file is refused', async () => {
    const root = await temporaryFolder();
    await addModel(root, 'mlp', 1);
    const folder = join(root, 'mlp', '1');
    await writeFile(join(folder, 'extra.txt'), '');
    await expect(openModelFolder(folder)).rejects.toThrow('does not list extra.txt');
    await rm(join(folder, 'extra.txt'));
    await rm(join(folder, 'config.yaml'));
    await expect(openModelFolder(folder)).rejects.toThrow('config.yaml');
    await symlink('/etc/passwd', join(folder, 'config.yaml'));
    await expect(openModelFolder(folder)).rejects.toThrow('takes a file');
    await writeFile(join(folder, 'manifest.json'), '{"format": 1, "files": {"../x": {}}}');
    await expect(openModelFolder(folder)).rejects.toThrow('manifest.json');
  });
});

describe('references', () => {
  test('name champions, aliases, versions and folders', async () => {
    const root = await temporaryFolder();
    await addModel(root, 'mlp', 1);
    await addModel(root, 'mlp', 2);
    await moveAlias(join(root, 'mlp'), 'stable', 1);
    const path = async (reference?: string): Promise<string> => (await resolveModel(root, reference)).path;
    expect(await path()).toBe(join(root, 'mlp', '2'));
    expect(await path('mlp')).toBe(join(root, 'mlp', '2'));
    expect(await path('mlp@stable')).toBe(join(root, 'mlp', '1'));
    expect(await path('mlp/1')).toBe(join(root, 'mlp', '1'));
    expect(await path(join(root, 'mlp', '1'))).toBe(join(root, 'mlp', '1'));
    for (const wrong of ['other', 'mlp@none', 'mlp/9', '../mlp', 'mlp@../x', '']) {
      await expect(path(wrong), wrong).rejects.toThrow();
    }
  });

  test('an alias goes back where it came from', async () => {
    const model = join(await temporaryFolder(), 'mlp');
    for (const version of [1, 2, 2, 3]) await moveAlias(model, 'champion', version);
    expect(await rollBackAlias(model, 'champion')).toEqual({ from: 3, to: 2 });
    expect(await rollBackAlias(model, 'champion')).toEqual({ from: 2, to: 1 });
    await expect(rollBackAlias(model, 'champion')).rejects.toThrow('there is no previous version');
    await expect(rollBackAlias(model, 'none')).rejects.toThrow('no alias');
  });
});
