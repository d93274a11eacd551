import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJson, readOptionalJson, tryReadJson, writeJson } from '../../../src/pipeline/files/json.ts';
import { changedLeaves, leaves } from '../../../src/pipeline/files/leaves.ts';
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

describe('reading', () => {
  const schema = z.object({ counts: z.array(z.number()) });
  const read = (path: string) => readJson(path, schema, 'counts');
  const written = (content: string | Uint8Array): string => {
    const path = join(temporaryFolder(), 'counts.json');
    writeFileSync(path, content);
    return path;
  };

  it('gives the value', async () => {
    expect(await read(written('{ "counts": [1, 2] }'))).toEqual({ counts: [1, 2] });
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['no JSON', '{ "counts"', /counts\.json: is not JSON: /],
    ['text that is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), /counts\.json: is not JSON: .*not valid/],
    ['a wrong value', '{ "counts": [1, "2"] }', /counts\.json: is not a record of counts, at counts\.1: /],
    ['something else', '[]', /counts\.json: is not a record of counts: /],
  ])('refuses %s', async (_, content, message) => {
    await expect(read(written(content))).rejects.toThrow(message);
  });

  it('takes 16 MiB, and no more', async () => {
    const path = written('{ "counts": [] }');
    const text = readFileSync(path, 'utf8').padEnd(2 ** 24);
    writeFileSync(path, text);
    expect(await read(path)).toEqual({ counts: [] });
    truncateSync(path, 2 ** 24 + 1);
    await expect(read(path)).rejects.toThrow(/is too large: it takes at most 16777216 bytes, got 16777217/);
  });

  it('waits for no pipe, and reads no folder', async () => {
    const folder = temporaryFolder();
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, folder]) {
      await expect(read(path)).rejects.toThrow(/cannot be read: it is not a regular file/);
    }
  });

  it('of an optional file: undefined where it is missing, and only then', async () => {
    const path = written('{ "counts": [3] }');
    const optional = (file: string) => readOptionalJson(file, schema, 'counts');
    expect(await optional(path)).toEqual({ counts: [3] });
    expect(await optional(`${path}.no`)).toBeUndefined();
    // A part of the path is a file.
    await expect(optional(join(path, 'below'))).rejects.toThrow('there is no such file');
    await expect(optional(written('{'))).rejects.toThrow('is not JSON');
  });
});

describe('values of nested sections', () => {
  const before = { a: 1, b: { c: [1, { d: 2 }], e: null }, gone: { x: 1 }, kept: undefined };
  const after = { a: 2, b: { c: [1, { d: 3 }], e: null, f: 'new' }, kept: undefined };

  it('have dotted keys; lists are one value', () => {
    expect(leaves(before)).toEqual([
      ['a', 1],
      ['b.c', [1, { d: 2 }]],
      ['b.e', null],
      ['gone.x', 1],
      ['kept', undefined],
    ]);
  });

  it('that differ, are new or are gone', () => {
    expect(changedLeaves(before, after)).toEqual([
      { key: 'a', before: 1, after: 2 },
      { key: 'b.c', before: [1, { d: 2 }], after: [1, { d: 3 }] },
      { key: 'gone.x', before: 1, after: undefined },
      { key: 'b.f', before: undefined, after: 'new' },
    ]);
  });
});
