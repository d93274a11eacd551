import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import sharp from 'sharp';

/** A request as it goes over the wire. */
export interface Upload {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A PNG of 4096 × 4096 pixels in some hundred kilobytes: a bright shape on black. */
export async function largePng(side: number = 4096): Promise<Buffer> {
  const pixels = Buffer.alloc(side * side);
  for (let y = Math.floor(side / 4); y < (3 * side) / 4; y++) {
    for (let x = Math.floor(side / 4); x < (3 * side) / 4; x++)
      pixels[y * side + x] = 100 + ((x ^ y) & 64) + (y & 63);
  }
  return sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .png()
    .toBuffer();
}

/** A JPEG of noise. */
export async function noisyJpeg(width: number, height: number): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 100, sigma: 50 } as const;
  return sharp({ create: { width, height, channels: 3, background: 'red', noise } })
    .jpeg()
    .toBuffer();
}

/** 784 brightnesses that differ from seed to seed. */
export function pixels(seed: number): number[] {
  return Array.from({ length: 784 }, (_, at) => (at * (seed + 3) * 7 + seed * 31) % 256);
}

/** One request of every kind that the service takes, with a picture as body, in base64 and in a form. */
export function uploads(jpeg: Buffer, png: Buffer): Upload[] {
  const form = Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'),
    jpeg,
    Buffer.from('\r\n--b--\r\n'),
  ]);
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  return [
    post('jpeg', '/predict', 'image/jpeg', jpeg),
    post('png', '/predict', 'image/png', png),
    post('form', '/predict', 'multipart/form-data; boundary=b', form),
    post('base64', '/predict', 'application/json', json({ image: png.toString('base64') })),
    post('pixels', '/predict', 'application/json', json({ pixels: [pixels(1), pixels(2)] })),
  ];
}

export function post(name: string, path: string, type: string, body: Buffer): Upload {
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: x',
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
  ];
  return { name, bytes: Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]) };
}

/**
 * Sends uploads and closes their connections at random moments: in the headers, in the body, while the service decodes
 * or computes, or after the answer.
 *
 * @param random numbers in [0, 1)
 */
export async function abortUploads(
  port: number,
  kinds: readonly Upload[],
  { count, atOnce, random }: { count: number; atOnce: number; random: () => number },
): Promise<void> {
  let begun = 0;
  const client = async (): Promise<void> => {
    for (let at = begun++; at < count; at = begun++) {
      const { bytes } = kinds[at % kinds.length]!;
      const isCut = random() < 0.5;
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(isCut ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes);
      await wait(random() ** 3 * 600);
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
}
