/** A thread of `PictureThreads`. */
import { type DecodeLimits, decodePicture } from '../../pipeline/pictures/decode.ts';
import { preparePicture } from '../../pipeline/pictures/prepare.ts';
import { answerCalls } from '../threads/answerCalls.ts';

const methods = {
  /** Does nothing, once the thread is ready. */
  start(): void {},

  /** @returns uint8[side · side] */
  async decode(bytes: Uint8Array, limits: DecodeLimits, side: number): Promise<Uint8Array> {
    return preparePicture(await decodePicture(bytes, limits), side);
  },
};

export type PictureMethods = typeof methods;

answerCalls(methods);
