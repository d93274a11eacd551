import sharp from 'sharp';
import { PictureError } from './error.ts';

/** Grey values and opacity, row by row, from 0 to 255. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8Array;
  /** Left out if every pixel is opaque. */
  readonly alpha?: Uint8Array;
}

export interface DecodeLimits {
  /** Maximum width times height, checked before decoding. */
  readonly pixels: number;
  /** Maximum seconds for decoding. */
  readonly seconds: number;
}

// libvips reads many formats. Only the ones needed are enabled, which leaves fewer parsers open to attack.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer'],
});
// Each picture is decoded once, so a cache would only use memory.
sharp.cache(false);
// One thread per picture, because several pictures are decoded in parallel.
sharp.concurrency(1);

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);

/**
 * Decodes a PNG or JPEG picture to grey values, rotated upright by its EXIF data.
 *
 * The first bytes determine the format, not the sender's content type. The size in the header is checked before
 * anything is decoded. A picture that does not match its header is rejected.
 *
 * @throws PictureError: another format, too many pixels, or a damaged picture
 */
export async function decodePicture(bytes: Uint8Array, limits: DecodeLimits): Promise<GreyPicture> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!startsWith(buffer, PNG) && !startsWith(buffer, JPEG)) {
    throw new PictureError('format', 'takes a PNG or JPEG picture; the bytes are neither');
  }
  const picture = sharp(buffer, { failOn: 'warning', limitInputPixels: limits.pixels, sequentialRead: true });
  try {
    const { width, height, hasAlpha } = await picture.metadata();
    if (width * height > limits.pixels) throw tooLarge(limits, `${width} × ${height}`);
    const { data, info } = await picture
      .autoOrient()
      // As grey values, sharp would drop the opacity.
      .toColourspace(hasAlpha ? 'srgb' : 'b-w')
      .raw({ depth: 'uchar' })
      .timeout({ seconds: limits.seconds })
      .toBuffer({ resolveWithObject: true });
    return split(data, info.width, info.height, info.channels);
  } catch (error) {
    if (error instanceof PictureError) throw error;
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    if (/pixel limit/i.test(message)) throw tooLarge(limits, 'more');
    throw new PictureError('content', `the picture cannot be decoded: ${message}`, { cause: error });
  }
}

function tooLarge({ pixels }: DecodeLimits, got: string): PictureError {
  return new PictureError('size', `takes a picture of at most ${pixels} pixels, got ${got}`);
}

function startsWith(bytes: Buffer, magic: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic);
}

/** Grey (the luma of Rec. 601, exact for grey colours) and opacity from interleaved channels. */
function split(data: Uint8Array, width: number, height: number, channels: number): GreyPicture {
  if (channels === 1) return { width, height, grey: data };
  if (channels !== 4)
    throw new PictureError('content', `takes grey values or colours, got ${channels} channels`);
  const grey = new Uint8Array(width * height);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    const [red, green, blue] = [data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!];
    grey[i] = Math.round((299 * red + 587 * green + 114 * blue) / 1000);
    alpha[i] = data[4 * i + 3]!;
  }
  return { width, height, grey, alpha };
}
