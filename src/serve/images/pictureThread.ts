/** A thread of `PictureThreads`. */
import { type DecodeLimits, decodePicture } from '../../pipeline/pictures/decode.ts';
import { fitPicture, type ModelInput } from '../../pipeline/pictures/prepare.ts';
import { answerCalls } from '../threads/answerCalls.ts';
import { giveWay } from '../threads/giveWay.ts';

const methods = {
  /** Does nothing, once the thread is ready. */
  start(): void {},

  /** @returns uint8[height · width] */
  async decode(bytes: Uint8Array, limits: DecodeLimits, input: ModelInput): Promise<Uint8Array> {
    return fitPicture(await decodePicture(bytes, limits), input);
  },
};

export type PictureMethods = typeof methods;

giveWay();
answerCalls(methods);
