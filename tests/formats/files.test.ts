import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import {
  ArgumentError,
  loadSafetensorsFile,
  nn,
  open,
  SafetensorsError,
  saveSafetensors,
  saveSafetensorsFile,
  setDefaultDevice,
} from '../../src/index.ts';
import { platform } from '../../src/platform/browser.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';

let model: nn.Linear;
beforeAll(async () => {
  setDefaultDevice(await open('cpu'));
  model = new nn.Linear(3, 2);
});

it('a file holds the bytes of saveSafetensors, and gives back tensors and metadata', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'model.safetensors');
  await saveSafetensorsFile(path, model.stateDict(), { epoch: '3' });
  expect(new Uint8Array(readFileSync(path))).toEqual(
    await saveSafetensors(model.stateDict(), { epoch: '3' }),
  );
  const { tensors, metadata } = await loadSafetensorsFile(path);
  expect(metadata).toEqual({ epoch: '3' });
  expect(await tensors['weight']!.data()).toEqual(await model.weight.data());
  const { tensors: some } = await loadSafetensorsFile(path, { only: (name) => name === 'bias' });
  expect(Object.keys(some)).toEqual(['bias']);
  expect(readdirSync(folder)).toEqual(['model.safetensors']);
});

it('what cannot be written leaves everything as it was', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, 'old');
  await expect(saveSafetensorsFile(path, { x: 1 as never })).rejects.toThrow(ArgumentError);
  await expect(saveSafetensorsFile(path, {}, { x: 1 as never })).rejects.toThrow(SafetensorsError);
  expect(readFileSync(path, 'utf8')).toBe('old');
  mkdirSync(join(folder, 'folder'));
  for (const place of ['folder', 'missing/model']) {
    const saving = saveSafetensorsFile(join(folder, place), model.stateDict());
    await expect(saving).rejects.toThrow(SafetensorsError);
    await expect(saving).rejects.toThrow(`${join(folder, place)}: cannot be written: E`);
  }
  expect(readdirSync(folder).sort()).toEqual(['folder', 'model.safetensors']);
});

it('errors name the file', async () => {
  const path = join(temporaryFolder(), 'model.safetensors');
  await expect(loadSafetensorsFile(path)).rejects.toThrow(`${path}: cannot be read: ENOENT`);
  writeFileSync(path, 'nonsense, long enough');
  const loading = loadSafetensorsFile(path);
  await expect(loading).rejects.toThrow(SafetensorsError);
  await expect(loading).rejects.toThrow(`${path}: the header takes`);
  await expect(loadSafetensorsFile(new Uint8Array(8) as never)).rejects.toThrow(/path of a file/);
  await expect(saveSafetensorsFile(model.stateDict() as never, path as never)).rejects.toThrow(ArgumentError);
});

it('an error has the one behind it as its cause, and an argument too many is refused', async () => {
  const path = join(temporaryFolder(), 'model.safetensors');
  const causeOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => (error as Error).cause,
    );
  expect(await causeOf(loadSafetensorsFile(path))).toMatchObject({ code: 'ENOENT' });
  expect(await causeOf(saveSafetensorsFile(join(path, 'x'), model.stateDict()))).toMatchObject({
    code: 'ENOENT',
  });
  writeFileSync(path, 'nonsense, long enough');
  expect(await causeOf(loadSafetensorsFile(path))).toBeInstanceOf(SafetensorsError);
  // Options of the wrong kind are no fault of the file.
  await saveSafetensorsFile(path, model.stateDict());
  await expect(loadSafetensorsFile(path, { dtype: 'int32' as 'float32' })).rejects.toThrow(ArgumentError);
  const load = loadSafetensorsFile as (...args: unknown[]) => Promise<unknown>;
  await expect(load(path, {}, {})).rejects.toThrow(ArgumentError);
  const save = saveSafetensorsFile as (...args: unknown[]) => Promise<unknown>;
  await expect(save(path, {}, {}, {})).rejects.toThrow(ArgumentError);
});

it('browsers have no files, and say so', async () => {
  await expect(platform.readFile('x')).rejects.toThrow(/bytes/);
  await expect(platform.replaceFile('x', [])).rejects.toThrow(/bytes/);
});
