import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pack } from '../../scripts/package/packed.ts';
import { embeddedTexts } from '../../src/platform/node/embedded/kernels.ts';
import { unpack } from '../../src/platform/unpack.ts';

/** Bytes that repeat at distances of all sizes, with noise between. */
function woven(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = 1;
  for (let at = 0; at < size;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const length = 1 + ((state >>> 8) % 300);
    const back = 1 + ((state >>> 4) % Math.max(1, at));
    for (let i = 0; i < length && at < size; i++, at++)
      bytes[at] = state & 1 ? bytes[at - back]! : (state >>> (i % 24)) & 255;
  }
  return bytes;
}

test.each([
  ['nothing', new Uint8Array(0)],
  ['one byte', Uint8Array.of(200)],
  ['zeros', new Uint8Array(70_000)],
  ['bytes that repeat', woven(30_000)],
  ['WebAssembly', readFileSync('src/platform/cpu.wasm')],
  ['kernels', Buffer.from(JSON.stringify(embeddedTexts()))],
])('%s are the same after packing', (_, bytes) => {
  const text = pack(bytes);
  expect(Buffer.from(unpack(text, bytes.length)).equals(bytes)).toBe(true);
  const half = bytes.length >> 1;
  expect(Buffer.from(unpack(text, half)).equals(bytes.subarray(0, half))).toBe(true);
});
