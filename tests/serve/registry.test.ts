import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { printConfiguration } from '../../src/pipeline/config/configuration.ts';
import { encodeSafetensors } from '../../src/formats/safetensors/index.ts';
import { weightsSha256 } from '../../src/pipeline/checkpoint/weightsSha256.ts';
import { moveAlias, readAlias, readAliases } from '../../src/serve/registry/aliases.ts';
import { type Gate, judge, readGates } from '../../src/serve/registry/gates.ts';
import { inputStatistics } from '../../src/serve/registry/inputStatistics.ts';
import { openModelFolder } from '../../src/serve/registry/modelFolder.ts';
import { promote } from '../../src/serve/registry/promote.ts';
import { withModel } from '../../src/serve/registry/modelLock.ts';
import { modelVersions, resolveModel, resolveVersion } from '../../src/serve/registry/reference.ts';
import { deleteVersion, nextVersion, rollBack, setAlias } from '../../src/serve/registry/versions.ts';
import { addModel, randomWeights, temporaryFolder } from './fixture.ts';

const STATISTICS = inputStatistics(
  Uint8Array.from({ length: 784 * 20 }, (_, at) => at % 256),
  784,
);
const ACCURACY: Gate = { metric: 'accuracy', min: 0.8 };

/** A finished run in a folder, its checkpoint with optimizer state. */
async function makeRun(accuracy: number, evaluation?: object, seed = 3): Promise<string> {
  const run = await temporaryFolder();
  const { configuration, tensors } = await randomWeights('mlp', seed);
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
    const second = await promoteRun(await makeRun(0.9, undefined, 4), root);
    expect([first.isNew, first.before]).toEqual([true, undefined]);
    expect([second.isNew, second.before]).toEqual([true, 1]);
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
    const runs = await Promise.all([1, 2, 3].map((seed) => makeRun(0.9, undefined, seed)));
    const all = await Promise.all(runs.map((run) => promoteRun(run, root)));
    expect(all.map(({ record }) => record.version).sort()).toEqual([1, 2, 3]);
    expect(await readdir(join(root, 'mlp'))).not.toContain('lock');
  });

  test('weights that are there already are not copied: the aliases move', async () => {
    const root = await temporaryFolder();
    const run = await makeRun(0.9);
    const all = await Promise.all([1, 2, 3].map(() => promoteRun(run, root)));
    expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(all.map(({ record }) => record.version)).toEqual([1, 1, 1]);
    await promoteRun(await makeRun(0.9, undefined, 4), root);
    expect(await readAlias(join(root, 'mlp'), 'champion')).toEqual({ version: 2, previous: [1] });
    const again = await promoteRun(await makeRun(0.95), root);
    expect(again).toMatchObject({ isNew: false, before: 2, path: join(root, 'mlp', '1') });
    // A version never changes: it keeps what was measured when it was made.
    expect(again.record.metrics.accuracy).toBe(0.9);
    for (const alias of ['champion', 'latest']) {
      expect(await readAlias(join(root, 'mlp'), alias)).toEqual({ version: 1, previous: [1, 2] });
    }
    expect(await modelVersions(root, 'mlp')).toEqual([1, 2]);
  });

  test('a damaged version counts as no copy, and gates count for copies, too', async () => {
    const root = await temporaryFolder();
    const run = await makeRun(0.9);
    const { path } = await promoteRun(run, root);
    await expect(promoteRun(await makeRun(0.7), root)).rejects.toThrow(/not promoted/);
    await writeFile(join(path, 'weights.safetensors'), 'damaged');
    expect(await promoteRun(run, root)).toMatchObject({ isNew: true, record: { version: 2 } });
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

  test('a metric at its bound passes; beyond it, it does not', () => {
    const metrics = {
      accuracy: 0.8,
      loss: 0.5,
      top2: 0.9,
      ece: 0.02,
      meanCorruptionError: null,
      sizeBytes: 1000,
      parameterCount: 10,
    };
    const passes = (gate: Gate): boolean => judge([gate], metrics, 'run')[0]!.passed;
    expect(passes({ metric: 'accuracy', min: 0.8 })).toBe(true);
    expect(passes({ metric: 'accuracy', min: 0.8000000000000002 })).toBe(false);
    expect(passes({ metric: 'loss', max: 0.5 })).toBe(true);
    expect(passes({ metric: 'loss', max: 0.4999999999999999 })).toBe(false);
    expect(passes({ metric: 'sizeBytes', min: 1000, max: 1000 })).toBe(true);
    expect(passes({ metric: 'sizeBytes', min: 1001 })).toBe(false);
    expect(passes({ metric: 'sizeBytes', max: 999 })).toBe(false);
    expect(passes({ metric: 'meanCorruptionError', max: 1 })).toBe(false);
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

  test('versions are told from folders elsewhere', async () => {
    const root = await temporaryFolder();
    await addModel(root, 'mlp', 1);
    for (const reference of ['mlp', 'mlp@champion', 'mlp/1', join(root, 'mlp', '1')]) {
      expect(await resolveVersion(root, reference)).toEqual({ name: 'mlp', version: 1 });
    }
    await expect(resolveVersion(await temporaryFolder(), join(root, 'mlp', '1'))).rejects.toThrow(
      'is no version of',
    );
  });
});

describe('aliases', () => {
  /** A registry whose versions are empty folders. */
  async function registry(...versions: number[]): Promise<{ root: string; model: string }> {
    const root = await temporaryFolder();
    const model = join(root, 'mlp');
    for (const version of versions) await mkdir(join(model, String(version)), { recursive: true });
    return { root, model };
  }
  const at = (version: number) => ({ name: 'mlp', version });

  test('go back where they came from', async () => {
    const { root, model } = await registry(1, 2, 3);
    for (const version of [1, 2, 2, 3]) await moveAlias(model, 'champion', version);
    expect(await rollBack(root, 'mlp', 'champion')).toEqual({ from: 3, to: 2 });
    expect(await rollBack(root, 'mlp', 'champion')).toEqual({ from: 2, to: 1 });
    await expect(rollBack(root, 'mlp', 'champion')).rejects.toThrow('there is no previous version');
    await expect(rollBack(root, 'mlp', 'none')).rejects.toThrow('no alias');
    await expect(rollBack(root, 'other', 'none')).rejects.toThrow('there is no model other');
    expect(await readdir(root)).toEqual(['mlp']);
  });

  test('remember their last 20 moves', async () => {
    const { model } = await registry();
    for (let version = 1; version <= 21; version++) await moveAlias(model, 'champion', version);
    const twenty = Array.from({ length: 20 }, (_, index) => index + 1);
    expect(await readAlias(model, 'champion')).toEqual({ version: 21, previous: twenty });
    await moveAlias(model, 'champion', 22);
    expect((await readAlias(model, 'champion'))!.previous).toEqual([...twenty.slice(1), 21]);
  });

  test('can be pointed to any version that exists', async () => {
    const { root, model } = await registry(1, 2);
    expect(await setAlias(root, at(2), 'champion')).toBeUndefined();
    expect(await setAlias(root, at(1), 'champion')).toBe(2);
    expect(await setAlias(root, at(1), 'champion')).toBe(1);
    expect(await readAlias(model, 'champion')).toEqual({ version: 1, previous: [2] });
    await expect(setAlias(root, at(3), 'champion')).rejects.toThrow('mlp has no version 3; there is 1, 2');
    await expect(setAlias(root, at(1), 'Wrong')).rejects.toThrow('an alias is a lower-case word');
    expect(await readAlias(model, 'champion')).toEqual({ version: 1, previous: [2] });
  });

  test('moved at once lose no move', async () => {
    const { root, model } = await registry(1, 2, 3, 4);
    await Promise.all([1, 2, 3, 4].map((version) => setAlias(root, at(version), 'champion')));
    const { version, previous } = (await readAlias(model, 'champion'))!;
    expect([...previous, version].sort()).toEqual([1, 2, 3, 4]);
  });

  test('keep the version that they point to from being deleted', async () => {
    const { root, model } = await registry(1, 2);
    await setAlias(root, at(1), 'champion');
    await setAlias(root, at(1), 'stable');
    await setAlias(root, at(2), 'latest');
    await expect(deleteVersion(root, at(1))).rejects.toThrow(
      'mlp/1 is not deleted: champion, stable point to it. Point them to another version, or delete with --force',
    );
    await expect(deleteVersion(root, at(2))).rejects.toThrow(
      'latest points to it. Point it to another version',
    );
    expect(await modelVersions(root, 'mlp')).toEqual([1, 2]);
    expect(await deleteVersion(root, at(1), true)).toEqual(['champion', 'stable']);
    expect([...(await readAliases(model)).keys()]).toEqual(['latest']);
    expect((await readdir(model)).sort()).toEqual(['2', 'aliases', 'deleted.json']);
  });

  test('no longer go back to a version that was deleted, or removed by hand', async () => {
    const { root, model } = await registry(1, 2, 3, 4);
    for (const version of [1, 2, 1, 4, 3]) await moveAlias(model, 'champion', version);
    expect(await deleteVersion(root, at(2))).toEqual([]);
    expect(await readAlias(model, 'champion')).toEqual({ version: 3, previous: [1, 4] });
    await rm(join(model, '4'), { recursive: true });
    expect(await rollBack(root, 'mlp', 'champion')).toEqual({ from: 3, to: 1 });
  });

  test('the number of a deleted version is never used again', async () => {
    const { root } = await registry(1, 2, 3);
    await deleteVersion(root, at(3));
    await deleteVersion(root, at(1));
    await expect(deleteVersion(root, at(3))).rejects.toThrow('mlp has no version 3; there is 2');
    expect(await nextVersion(root, 'mlp')).toBe(4);
    await deleteVersion(root, at(2));
    expect(await nextVersion(root, 'mlp')).toBe(4);
    expect(await nextVersion(root, 'new')).toBe(1);
  });

  test('changes of a model take turns', async () => {
    const { model } = await registry(1);
    const steps: string[] = [];
    let release = (): void => undefined;
    const first = withModel(model, async () => {
      steps.push('first');
      await new Promise<void>((resolve) => (release = resolve));
      steps.push('done');
    });
    await expect.poll(() => steps).toEqual(['first']);
    const second = withModel(model, () => Promise.resolve(steps.push('second')));
    release();
    await Promise.all([first, second]);
    expect(steps).toEqual(['first', 'done', 'second']);
  });
});
