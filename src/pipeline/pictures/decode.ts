import sharp from 'sharp';
import { PictureError } from './error.ts';
import { type GreyPicture, greyPicture } from './grey.ts';
import { pictureFormat } from './format.ts';
import { tidyJpeg } from './tidyJpeg.ts';

export interface DecodeLimits {
  /** Maximum width times height, checked before decoding. */
  readonly pixels: number;
  /** Maximum seconds for decoding. */
  readonly seconds: number;
}

// libvips reads many formats. Only the ones needed are enabled, which leaves fewer parsers open to attack.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadHeifBuffer',
  ],
});
// Each picture is decoded once, so a cache would only use memory.
sharp.cache(false);
// One thread per picture, because several pictures are decoded in parallel.
sharp.concurrency(1);

/**
 * Decodes a PNG, JPEG, WebP or AVIF picture to grey values, rotated upright by its EXIF data.
 *
 * The grey of a colour is its luma, for every format and with or without opacity.
 *
 * The colours are those that the file holds: colour profiles are ignored. Values of 16 bits count by their upper 8. Of an
 * animation the first frame is taken.
 *
 * The first bytes determine the format, not the sender's content type. The size in the header is checked before
 * anything is decoded. A picture that is cut off or damaged is rejected.
 *
 * @throws PictureError: another format, too many pixels, a damaged picture, or one that takes too long
 */
export async function decodePicture(bytes: Uint8Array, limits: DecodeLimits): Promise<GreyPicture> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = pictureFormat(buffer);
  const picture = sharp(format === 'JPEG' ? tidyJpeg(buffer) : buffer, {
    failOn: 'warning',
    limitInputPixels: limits.pixels,
    sequentialRead: true,
    ignoreIcc: true,
  });
  try {
    const { width, height } = await picture.metadata();
    if (width * height > limits.pixels) throw tooLarge(limits, `${width} × ${height}`);
    const { data, info } = await picture
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .timeout({ seconds: limits.seconds })
      .toBuffer({ resolveWithObject: true });
    return greyPicture(data, info.width, info.height, info.channels);
  } catch (error) {
    if (error instanceof PictureError) throw error;
    const whole = error instanceof Error ? error.message : String(error);
    if (/timeout: \d+% complete/.test(whole)) {
      throw new PictureError('time', `the picture was not decoded within ${limits.seconds} s`, {
        cause: error,
      });
    }
    const message = whole.split('\n')[0] ?? '';
    if (/pixel limit/i.test(message)) throw tooLarge(limits, 'more');
    throw new PictureError('content', `the picture cannot be decoded: ${message}`, { cause: error });
  }
}

function tooLarge({ pixels }: DecodeLimits, got: string): PictureError {
  return new PictureError('size', `takes a picture of at most ${pixels} pixels, got ${got}`);
}
