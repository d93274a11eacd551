import { once } from 'node:events';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { FakeEngine } from './fakeEngine.ts';
import { postJson, startService, testImage } from './fixture.ts';
import { openSocket, received, wire } from './rawSocket.ts';

/** A picture that is used as it is. */
async function picture(width = 28, height = 28): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height);
  pixels.fill(200, width * 5 + 5, width * 5 + 20);
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
}

const images = (count: number): number[][] => Array.from({ length: count }, (_, seed) => testImage(seed));

describe('limits count to the last one', () => {
  test('bytes of a body', async () => {
    const { url } = await startService({ bodyLimit: 5000 });
    const body = JSON.stringify({ pixels: testImage(0) });
    expect((await postJson(`${url}/predict`, body.padEnd(5000))).status).toBe(200);
    const refused = await postJson(`${url}/predict`, body.padEnd(5001));
    expect(refused.status).toBe(413);
    expect(refused.headers.get('connection')).toBe('close');
  });

  test('bytes of a file in a form', async () => {
    const png = await picture();
    const statusWith = async (bodyLimit: number): Promise<number> => {
      const { url } = await startService({ bodyLimit });
      const form = new FormData();
      form.set('image', new Blob([new Uint8Array(png)]), 'a.png');
      return (await fetch(`${url}/predict`, { method: 'POST', body: form })).status;
    };
    expect(await statusWith(png.length)).toBe(200);
    expect(await statusWith(png.length - 1)).toBe(413);
  });

  test('images of a request, as pixels, pictures, files and tensors', async () => {
    const { url } = await startService({ imageLimit: 2 });
    const base64 = (await picture()).toString('base64');
    const tensor = (count: number): object => ({
      inputs: [{ name: 'pixels', datatype: 'FP32', shape: [count, 784], data: images(count) }],
    });
    const form = async (count: number): Promise<number> => {
      const body = new FormData();
      for (let file = 0; file < count; file++) {
        body.append('image', new Blob([Buffer.from(base64, 'base64')]), `${file}.png`);
      }
      return (await fetch(`${url}/predict`, { method: 'POST', body })).status;
    };
    const statuses = async (count: number): Promise<number[]> => [
      (await postJson(`${url}/predict`, { pixels: images(count) })).status,
      (await postJson(`${url}/predict`, { images: new Array<string>(count).fill(base64) })).status,
      (await postJson(`${url}/v2/models/test/infer`, tensor(count))).status,
      await form(count),
    ];
    expect(await statuses(2)).toEqual([200, 200, 200, 200]);
    expect(await statuses(3)).toEqual([413, 413, 413, 413]);
    const refused = await postJson(`${url}/predict`, { pixels: images(3) });
    expect(refused.body).toEqual({ error: 'takes at most 2 images per request, got 3' });
  });

  test('pixels of a picture', async () => {
    const bytes = new Uint8Array(await picture(30, 40));
    const statusWith = async (pixelLimit: number): Promise<number> => {
      const { url } = await startService({ pixelLimit });
      const headers = { 'content-type': 'image/png' };
      return (await fetch(`${url}/predict`, { method: 'POST', headers, body: bytes })).status;
    };
    expect(await statusWith(1200)).toBe(200);
    expect(await statusWith(1199)).toBe(413);
  });

  test('images that wait, over HTTP', async () => {
    const engine = new FakeEngine();
    const { url, host } = await startService(
      {},
      { queueLimit: 3, openEngine: () => Promise.resolve(engine) },
    );
    const { reached, release } = engine.hold();
    // One is computed, and does not wait.
    const first = postJson(`${url}/predict`, { pixels: testImage(0) });
    await reached;
    const fitting = postJson(`${url}/predict`, { pixels: images(3) });
    await expect.poll(() => host.waiting).toBe(3);
    const refused = await postJson(`${url}/predict`, { pixels: testImage(0) });
    expect([refused.status, refused.headers.get('retry-after'), refused.body]).toEqual([
      503,
      '1',
      { error: '3 images are waiting, and 1 more do not fit: at most 3 may wait' },
    ]);
    // While the model computes and the queue is full, the service answers.
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    release();
    expect([(await first).status, (await fitting).status]).toEqual([200, 200]);
    expect((await postJson(`${url}/predict`, { pixels: images(3) })).status).toBe(200);
  });

  test('connections', async () => {
    const { port } = await startService({ connectionLimit: 2 });
    const sockets = [openSocket(port), openSocket(port)];
    for (const socket of sockets) {
      socket.write(wire('GET', '/health/live'));
      await once(socket, 'data');
    }
    const third = openSocket(port);
    third.write(wire('GET', '/health/live'));
    expect(await received(third)).toBe('');
    sockets[0]!.destroy();
    await once(sockets[0]!, 'close');
    await expect
      .poll(
        async () => {
          const next = openSocket(port);
          next.write(wire('GET', '/health/live', '', ['Connection: close']));
          return (await received(next)).slice(0, 12);
        },
        { timeout: 20_000 },
      )
      .toBe('HTTP/1.1 200');
  });
});

describe('a request that is not answered in time', () => {
  test.each([
    ['/predict', { pixels: testImage(0) }],
    [
      '/v2/models/test/infer',
      { inputs: [{ name: 'pixels', datatype: 'FP32', shape: [1, 784], data: testImage(0) }] },
    ],
  ])('to %s gets 504, and is computed no more', async (path, body) => {
    const engine = new FakeEngine();
    const { url, host } = await startService(
      { answerTimeout: 300 },
      { openEngine: () => Promise.resolve(engine), delay: 0 },
    );
    const { reached, release } = engine.hold();
    const first = postJson(url + path, body);
    await reached;
    const second = await postJson(url + path, body);
    expect([second.status, second.body]).toEqual([
      504,
      { error: 'no answer within 300 ms; try again later' },
    ]);
    expect((await first).status).toBe(504);
    release();
    await expect.poll(() => host.waiting).toBe(0);
    expect(engine.batches).toHaveLength(1);
    // The time of the next one is its own.
    engine.beforeAnswer = () => undefined;
    expect((await postJson(url + path, body)).status).toBe(200);
  });
});
