import { expect, test } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import { openCpu } from '../../../src/backend/cpu/cpu.ts';
import { fill, openOwn } from './devices.ts';

/** Longer than the buffers that it goes through, and no whole number of words. */
const BYTES = Uint8Array.from({ length: 5_000_003 }, (_, i) => Math.imul(i, 2654435761) >>> 13);

/** Uploads in pieces of these sizes, the last one being the rest, and reads back. */
async function uploaded(device: Backend, sizes: readonly number[]): Promise<Uint8Array> {
  const buffer = device.allocate('uint8', BYTES.length);
  const upload = device.upload(buffer);
  const piece = new Uint8Array(BYTES.length);
  let done = 0;
  for (const size of [...sizes, Infinity]) {
    const part = BYTES.subarray(done, done + size);
    piece.set(part);
    await upload.write(piece.subarray(0, part.length));
    piece.fill(255); // copied by now
    done += part.length;
  }
  upload.end();
  return (await device.read(buffer, 0, BYTES.length)) as Uint8Array;
}

test.for([[[]], [[4, 2 ** 20, 1_000_000]], [[2 ** 21 + 8]], [Array<number>(40).fill(99_996)]])(
  'an upload brings what it is given: pieces %#',
  async ([sizes], context) => {
    const { backend } = await openOwn(context);
    for (const device of [backend, await openCpu()]) {
      const before = device.stats().bytesUploaded;
      expect(Buffer.compare(await uploaded(device, sizes!), BYTES)).toBe(0);
      expect(device.stats().bytesUploaded - before).toBe(BYTES.length);
    }
  },
);

test('launches before and after an upload see the buffer as it was and as it is', async (context) => {
  const { backend } = await openOwn(context);
  const [buffer, before, after] = [1, 2, 3].map(() => backend.allocate('float32', 1000)) as [
    never,
    never,
    never,
  ];
  const copy = (out: never): void =>
    backend.run('accumulate', { x: buffer, out }, { size: 1000, xOffset: 0, outOffset: 0 });
  for (const each of [buffer, before, after]) fill(backend, each, 1);
  copy(before);
  const upload = backend.upload(buffer);
  await upload.write(new Float32Array(1000).fill(5));
  upload.end();
  copy(after);
  expect((await backend.read(before, 999, 1))[0]).toBe(2);
  expect((await backend.read(after, 999, 1))[0]).toBe(6);
});

test('an upload to a device that is gone fails with the reason', async (context) => {
  const { backend } = await openOwn(context);
  const upload = backend.upload(backend.allocate('uint8', BYTES.length));
  await upload.write(BYTES.subarray(0, 2 ** 20));
  backend.destroy();
  await expect(upload.write(BYTES.subarray(0, 2 ** 21))).rejects.toThrow(/destroyed/);
});
