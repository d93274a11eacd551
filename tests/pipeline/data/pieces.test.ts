import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { type DataFile, md5, readDataFile } from '../../../src/pipeline/data/dataFile.ts';
import { readPieces } from '../../../src/pipeline/data/pieces.ts';
import { temporaryFolder } from './fixture.ts';

/** Longer than two pieces, and no multiple of anything. */
const CONTENT = Buffer.from(Uint32Array.from({ length: 700_001 }, (_, i) => Math.imul(i, 2654435761)).buffer);
const FILE: DataFile = { name: 'file', bytes: CONTENT.length, md5: md5(CONTENT) };

async function placed(content: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'file');
  await writeFile(path, content);
  return path;
}

async function gather(path: string, file: DataFile): Promise<Buffer> {
  const pieces: Buffer[] = [];
  // Copied, as a piece is valid until the next one only.
  for await (const piece of readPieces(path, file)) pieces.push(Buffer.from(piece));
  expect(pieces.length).toBe(3);
  return Buffer.concat(pieces);
}

test.each([
  ['plain', CONTENT],
  ['gzip', gzipSync(CONTENT)],
])('pieces of a %s file are the file', async (_, stored) => {
  const path = await placed(stored);
  expect((await gather(path, FILE)).equals(CONTENT)).toBe(true);
  const sha256 = createHash('sha256').update(CONTENT).digest('hex');
  expect((await gather(path, { ...FILE, md5: '', sha256 })).equals(CONTENT)).toBe(true);
});

test('a file that is not the one wanted fails as when it is read whole', async () => {
  const changed = Buffer.from(CONTENT);
  changed[CONTENT.length - 1]! ^= 1;
  for (const content of [changed, CONTENT.subarray(1), Buffer.concat([CONTENT, CONTENT])]) {
    const path = await placed(content);
    const whole = await readDataFile(path, FILE).catch((error: unknown) => error as Error);
    await expect(gather(path, FILE)).rejects.toThrow((whole as Error).message);
  }
  await expect(gather('nowhere/file', FILE)).rejects.toThrow('nowhere/file: not there');
});

test('nothing of a file that grows while it is read is given beyond its size', async () => {
  const path = await placed(CONTENT);
  let bytes = 0;
  for await (const piece of readPieces(path, FILE)) {
    if (bytes === 0) await writeFile(path, CONTENT, { flag: 'a' });
    bytes += piece.length;
  }
  expect(bytes).toBe(CONTENT.length);
});

test('a reading can be left early', async () => {
  for await (const piece of readPieces(await placed(CONTENT), FILE)) {
    expect(piece.length).toBe(2 ** 20);
    break;
  }
});
