import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ArtifactStore } from '../../../../src/pipeline/sweep/artifacts/store.ts';
import { TrialArtifacts } from '../../../../src/pipeline/sweep/artifacts/trialArtifacts.ts';
import { temporaryFolder } from '../../files/disks.ts';

/** Checks what every artifact store does. */
export async function checkStore(store: ArtifactStore): Promise<void> {
  const text = async (key: string): Promise<string | undefined> => {
    const bytes = await store.get(key);
    return bytes && Buffer.from(bytes).toString();
  };
  expect(await text('a/b')).toBeUndefined();
  expect(await store.list('a/')).toEqual([]);
  await store.put('a/b', Buffer.from('one'));
  await store.put('a/b', Buffer.from('two'));
  await store.put('a/c/d', Buffer.alloc(0));
  await store.put('ab/e', Buffer.from([0, 255, 10, 13]));
  await store.put('a/with space+%20&<ü>', Buffer.from('odd'));
  expect(await text('a/b')).toBe('two');
  expect(await text('a/c/d')).toBe('');
  expect([...(await store.get('ab/e'))!]).toEqual([0, 255, 10, 13]);
  expect(await text('a/with space+%20&<ü>')).toBe('odd');
  expect((await store.list('a/')).toSorted()).toEqual(['a/b', 'a/c/d', 'a/with space+%20&<ü>']);
  await store.remove('a/b');
  await store.remove('a/b');
  expect(await text('a/b')).toBeUndefined();
  await checkTrial(store);
}

/** Takes a trial through the store: a checkpoint, another worker, the result. */
async function checkTrial(store: ArtifactStore): Promise<void> {
  const [one, other, end] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const large = Buffer.alloc(2 ** 20, 7);
  mkdirSync(join(one, 'checkpoints'));
  writeFileSync(join(one, 'checkpoints', 'last'), large);
  writeFileSync(join(one, 'metrics.jsonl'), '{}\n');
  await new TrialArtifacts(store, 'id').saveCheckpoint(one);
  const warnings: string[] = [];
  const second = new TrialArtifacts(store, 'id');
  expect(await second.restoreCheckpoint(other, (line) => void warnings.push(line))).toBe(true);
  expect(readFileSync(join(other, 'checkpoints', 'last')).equals(large)).toBe(true);
  writeFileSync(join(other, 'summary.json'), '{"done":true}');
  expect(await second.isFinished()).toBe(false);
  await second.saveResult(other);
  expect(await second.isFinished()).toBe(true);
  expect(await store.list('id/checkpoint/')).toEqual([]);
  expect(await second.restoreResult(end)).toBe(true);
  expect(readFileSync(join(end, 'summary.json'), 'utf8')).toBe('{"done":true}');
  expect(warnings).toEqual([]);
}
