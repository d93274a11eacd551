import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../../../src/pipeline/files/fileError.ts';
import { sha256Of } from '../../../../src/pipeline/sweep/artifacts/snapshot.ts';
import { type ArtifactStore, FolderStore } from '../../../../src/pipeline/sweep/artifacts/store.ts';
import { TrialArtifacts } from '../../../../src/pipeline/sweep/artifacts/trialArtifacts.ts';
import { temporaryFolder } from '../../files/disks.ts';

const ID = '0123456789abcdef';

/** A store with the checkpoint of a run. */
async function checkpointed(): Promise<{ folder: string; store: ArtifactStore; artifacts: TrialArtifacts }> {
  const folder = temporaryFolder();
  const run = temporaryFolder();
  for (const name of ['config.yaml', 'metrics.jsonl']) writeFileSync(join(run, name), name);
  const store = new FolderStore(folder);
  const artifacts = new TrialArtifacts(store, ID);
  await artifacts.saveCheckpoint(run);
  return { folder, store, artifacts };
}

describe('a checkpoint in the store', () => {
  it('is given up where it is damaged or foreign', async () => {
    const { store, artifacts } = await checkpointed();
    const bytes = Buffer.from('x');
    const file = { path: 'a', sha256: sha256Of(bytes), key: `${ID}/x` };
    await store.put(file.key, bytes);
    const bad: unknown[] = [
      null,
      [],
      { files: null },
      { files: [{ ...file, key: `${ID}/missing` }] },
      { files: [{ ...file, sha256: sha256Of(Buffer.from('y')) }] },
      ...['../a', '/a', 'a/../../b', 'a\\..\\b', '', '.', 'a\0b', 'lock', 'lock/1@2@x'].map((path) => ({
        files: [{ ...file, path }],
      })),
      { files: [{ ...file, key: '../../../etc/passwd' }] },
    ];
    for (const manifest of [...bad.map((value) => JSON.stringify(value)), '{"files":', '\xff']) {
      await store.put(`${ID}/checkpoint.json`, Buffer.from(manifest, 'latin1'));
      const run = temporaryFolder();
      const warnings: string[] = [];
      expect(await artifacts.restoreCheckpoint(run, (line) => warnings.push(line))).toBe(false);
      expect(warnings).toEqual([expect.stringMatching(/\nThe trial begins again\.$/)]);
      expect(readdirSync(run)).toEqual([]);
    }
  });

  it('stays where the store cannot be read for the moment', async () => {
    const { store, artifacts } = await checkpointed();
    const failing: ArtifactStore = {
      ...store,
      name: store.name,
      get: (key) =>
        key.endsWith('.json') ? store.get(key) : Promise.reject(new FileError(key, 'x', { code: 'EIO' })),
    };
    const run = temporaryFolder();
    const away = new TrialArtifacts(failing, ID).restoreCheckpoint(run, () => undefined);
    await expect(away).rejects.toMatchObject({ code: 'EIO' });
    expect(await artifacts.restoreCheckpoint(run, () => undefined)).toBe(true);
    expect(readFileSync(join(run, 'metrics.jsonl'), 'utf8')).toBe('metrics.jsonl');
  });

  it('does not bring its configuration: that is the one of the trial', async () => {
    const { artifacts } = await checkpointed();
    const run = temporaryFolder();
    expect(await artifacts.restoreCheckpoint(run, () => undefined)).toBe(true);
    expect(readdirSync(run)).toEqual(['metrics.jsonl']);
  });

  it('is removed by a worker that comes second with the result', async () => {
    const { store } = await checkpointed();
    const [run, other] = [temporaryFolder(), temporaryFolder()];
    for (const folder of [run, other]) writeFileSync(join(folder, 'summary.json'), folder);
    await new TrialArtifacts(store, ID).saveResult(run);
    const late = new TrialArtifacts(store, ID);
    await late.saveCheckpoint(other);
    await late.saveResult(other);
    const keys = await store.list(`${ID}/`);
    expect(keys.toSorted()).toEqual([`${ID}/result.json`, `${ID}/result/${sha256Of(Buffer.from(run))}`]);
  });
});

describe('a folder as a store', () => {
  it('reads files only, and no devices or folders', async () => {
    const folder = temporaryFolder();
    const store = new FolderStore(folder);
    symlinkSync('/dev/zero', join(folder, 'zero'));
    symlinkSync('loop', join(folder, 'loop'));
    mkdirSync(join(folder, 'folder'));
    symlinkSync('missing', join(folder, 'dangling'));
    for (const key of ['zero', 'folder']) {
      await expect(store.get(key)).rejects.toThrow('is no file of an artifact store');
    }
    await expect(store.get('loop')).rejects.toThrow(FileError);
    expect(await store.get('dangling')).toBeUndefined();
    await expect(store.remove('folder')).rejects.toThrow(FileError);
  });
});
