import { fitPicture, type ModelInput } from '../../../../pipeline/pictures/prepare.ts';

/**
 * Converts a picture to the image that a model takes, as the service does: grey by the luma of Rec. 601, the object cut out,
 * scaled and centred.
 *
 * @throws PictureError if it contains only background; an error of the browser if it cannot read the picture
 */
export async function imageOf(blob: Blob, input: ModelInput): Promise<Uint8Array> {
  // As in the service, the numbers of the file count, without its colour profile.
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const grey = new Uint8Array(width * height);
  const alpha = new Uint8Array(width * height);
  for (let pixel = 0, at = 0; pixel < grey.length; pixel++, at += 4) {
    grey[pixel] = (19_595 * data[at]! + 38_470 * data[at + 1]! + 7_471 * data[at + 2]! + 2 ** 15) >> 16;
    alpha[pixel] = data[at + 3]!;
  }
  return fitPicture({ width, height, grey, ...(alpha.some((value) => value < 255) && { alpha }) }, input);
}
