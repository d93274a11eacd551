import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { FolderStore } from '../../../../src/pipeline/sweep/artifacts/store.ts';
import { trainFromStore } from '../../../../src/pipeline/sweep/queue/workTrial.ts';
import { temporaryFolder } from '../../files/disks.ts';
import { makeTrials } from './fixture.ts';

/** Writes a checkpoint, waits for a file, and writes another; it ends by SIGINT. */
const TRAIN = `
import { existsSync, writeFileSync } from 'node:fs';
const [go, , path] = process.argv.slice(2);
process.on('SIGINT', () => process.exit(130));
writeFileSync(path + '/checkpoints/last', 'one');
const timer = setInterval(() => {
  if (!existsSync(go)) return;
  clearInterval(timer);
  writeFileSync(path + '/checkpoints/last', 'two');
}, 20);
setInterval(() => undefined, 1000);
`;

/** A store that is full until it is told otherwise. */
class FullStore extends FolderStore {
  isFull = true;

  override put(key: string, bytes: Uint8Array): Promise<void> {
    return this.isFull ? Promise.reject(new Error('the store is full')) : super.put(key, bytes);
  }
}

it('a worker goes on storing checkpoints after one that could not be stored', async () => {
  const folder = temporaryFolder();
  const [script, go] = [join(folder, 'train.mjs'), join(folder, 'go')];
  writeFileSync(script, TRAIN);
  const store = new FullStore(join(folder, 'store'));
  const [trial] = makeTrials(1);
  const warnings: string[] = [];
  const stop = new AbortController();
  const end = trainFromStore([process.execPath, script, go])(
    { ...trial!, sweep: 'test' },
    { store, signal: stop.signal, progress: () => undefined, warn: (line) => void warnings.push(line) },
  );
  const patience = { timeout: 30_000 };
  await vi.waitFor(
    () => expect(warnings).toContain('warning: a checkpoint was not stored: the store is full'),
    patience,
  );
  store.isFull = false;
  writeFileSync(go, '');
  await vi.waitFor(
    () => expect(existsSync(join(folder, 'store', trial!.id, 'checkpoint.json'))).toBe(true),
    patience,
  );
  stop.abort();
  expect(await end).toEqual({ status: 'interrupted' });
});
