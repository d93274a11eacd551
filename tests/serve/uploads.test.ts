import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { postJson, type Predicted, startService, testImage } from './fixture.ts';

/** A picture with a black border, which is used as it is. */
function source(): Sharp {
  const pixels = testImage(1).map((value, at) => (at < 28 || at >= 756 || at % 28 < 2 ? 0 : value));
  return sharp(Buffer.from(pixels), { raw: { width: 28, height: 28, channels: 1 } }).toColourspace('srgb');
}

test('a picture gets the same answer in every format and every form, whatever its sender calls it', async () => {
  const { url } = await startService();
  const png = await source().png().toBuffer();
  const pictures = {
    'image/png': png,
    'image/webp': await source().webp({ lossless: true }).toBuffer(),
    'image/avif': await source().avif({ lossless: true, chromaSubsampling: '4:4:4' }).toBuffer(),
    'image/x-unknown': await source().png({ compressionLevel: 0 }).toBuffer(),
    'application/octet-stream': png,
  };
  const send = async (init: RequestInit): Promise<unknown> => {
    const response = await fetch(`${url}/predict`, { method: 'POST', ...init });
    return ((await response.json()) as Predicted).predictions;
  };
  const expected = await send({ headers: { 'content-type': 'image/png' }, body: new Uint8Array(png) });
  expect(expected).toHaveLength(1);
  for (const [type, bytes] of Object.entries(pictures)) {
    const body = new Uint8Array(bytes);
    expect(await send({ headers: { 'content-type': type }, body }), type).toEqual(expected);
    const form = new FormData();
    form.set('image', new Blob([body], { type }), 'picture');
    expect(await send({ body: form }), `${type} in a form`).toEqual(expected);
    const image = bytes.toString('base64');
    for (const text of [image, `data:${type};base64,${image}`]) {
      const { body: answer } = await postJson(`${url}/predict`, { image: text });
      expect((answer as Predicted).predictions, `${type} in base64`).toEqual(expected);
    }
  }
});

test('a picture of another format gets its name and the remedy in every form', async () => {
  const { url } = await startService();
  const gif = await source().gif().toBuffer();
  const expected = {
    error: 'takes a picture as PNG, JPEG, WebP or AVIF, got GIF: convert it to JPEG or PNG',
  };
  const form = new FormData();
  form.set('image', new Blob([new Uint8Array(gif)], { type: 'image/gif' }), 'picture.gif');
  const requests: RequestInit[] = [
    { headers: { 'content-type': 'image/gif' }, body: new Uint8Array(gif) },
    { headers: { 'content-type': 'image/png' }, body: new Uint8Array(gif) },
    {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image: gif.toString('base64') }),
    },
    { body: form },
  ];
  for (const init of requests) {
    const response = await fetch(`${url}/predict`, { method: 'POST', ...init });
    expect([response.status, await response.json()]).toEqual([415, expected]);
  }
});
