import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tryReadJson, writeJson } from '../../../src/pipeline/files/json.ts';
import { temporaryFolder } from './disks.ts';

const summary = { testAccuracy: 0.8912, validation: { accuracy: 0.9, loss: NaN }, stopped: 'epochs' };

it('writes readable JSON, NaN as a string', async () => {
  const path = join(temporaryFolder(), 'summary.json');
  await writeJson(path, summary);
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(/^\{\n {2}"testAccuracy": 0.8912,\n/);
  const read = { ...summary, validation: { accuracy: 0.9, loss: 'NaN' } };
  expect(JSON.parse(text)).toEqual(read);
  expect(await tryReadJson(path)).toEqual(read);
});

it('names what cannot be written', async () => {
  const path = join(temporaryFolder(), 'no', 'summary.json');
  await expect(writeJson(path, summary)).rejects.toThrow(
    /summary.json: cannot be written: its folder does not/,
  );
});
