import { greyPicture } from '../../../../pipeline/pictures/grey.ts';
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
  return fitPicture(greyPicture(data, width, height, 4), input);
}
