import { expect, test } from 'vitest';
import { RequestError } from '../../src/serve/errors.ts';
import { requireModest, turnToRead } from '../../src/serve/http/jsonBody.ts';
import { postJson, startService, testImage } from './fixture.ts';

test.each([
  ['brackets', '[', 131_072],
  ['brackets', '{', 131_072],
  ['colons', ':', 16_384],
  ['commas', ',', 1_048_576],
])('JSON may hold so many %s (%s): %i', (name, character, most) => {
  const padding = ' '.repeat(2 ** 16);
  const bytes = (count: number): Buffer => Buffer.from(padding + character.repeat(count));
  requireModest(bytes(most));
  const refused = (): void => requireModest(bytes(most + 1));
  expect(refused).toThrow(RequestError);
  expect(refused).toThrow(`takes JSON with at most ${most} ${name}, got ${most + 1}`);
});

test('lists and objects count together; small bodies are not counted', () => {
  const half = '[{'.repeat(2 ** 16);
  requireModest(Buffer.from(half));
  expect(() => requireModest(Buffer.from(`${half}[`))).toThrow('got 131073');
  requireModest(Buffer.from(':'.repeat(2 ** 16)));
  expect(() => requireModest(Buffer.from(':'.repeat(2 ** 16 + 1)))).toThrow('16384 colons');
});

test('large bodies are read in turns of the event loop of their own, small ones at once', async () => {
  let turn = 0;
  let next = setImmediate(function count(): void {
    turn++;
    next = setImmediate(count);
  });
  const turns = await Promise.all(
    [2 ** 16 + 1, 2 ** 16 + 1, 2 ** 16, 2 ** 20].map((bytes) => turnToRead(bytes).then(() => turn)),
  );
  clearImmediate(next);
  const [first, second, small, last] = turns as [number, number, number, number];
  expect(small).toBe(0);
  expect(second).toBeGreaterThan(first);
  expect(last).toBeGreaterThan(second);
});

test('both ways to predict refuse what would take long to read', async () => {
  const { url } = await startService();
  const lists = `[${'[],'.repeat(150_000)}[]]`;
  for (const [path, body] of [
    ['/predict', `{"pixels":${lists}}`],
    ['/v2/models/test/infer', `{"inputs":${lists}}`],
  ] as const) {
    const answer = await postJson(url + path, body);
    expect([answer.status, answer.body]).toEqual([
      413,
      {
        error: expect.stringMatching(
          /^takes JSON with at most 131072 brackets, got 15000[23]; send/,
        ) as string,
      },
    ]);
  }
  // As many images as a request may hold are read.
  const images = Array.from({ length: 256 }, (_, seed) => testImage(seed));
  expect((await postJson(`${url}/predict`, { pixels: images })).status).toBe(200);
});
