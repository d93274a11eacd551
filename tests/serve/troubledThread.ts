/** A thread that does what threads of the service must never do. */
import { AdapterError, WgradError } from '../../src/backend/errors.ts';
import { PictureError } from '../../src/pipeline/pictures/error.ts';
import { RequestError } from '../../src/serve/errors.ts';
import { answerCalls } from '../../src/serve/threads/answerCalls.ts';

const methods = {
  start(): void {},
  echo: (value: unknown): unknown => value,
  async later(): Promise<string> {
    await new Promise((resolve) => setImmediate(resolve));
    return 'later';
  },
  refuse(): void {
    throw new RequestError(413, 'too large');
  },
  misread(): void {
    throw new PictureError('content', 'damaged');
  },
  missAdapter(): void {
    throw new AdapterError('no adapter');
  },
  missModel(): void {
    throw new WgradError('no model');
  },
  fail(): void {
    throw new RangeError('a bug');
  },
  /** Whoever sends the picture 13 ends the thread; 14 hangs it. */
  decode(bytes: Uint8Array): Uint8Array | Promise<never> {
    if (bytes[0] === 14) for (;;);
    if (bytes[0] !== 13) return bytes;
    setImmediate(() => {
      throw new Error('unlucky picture');
    });
    return new Promise(() => undefined);
  },
  rejectUnseen(): Promise<never> {
    void Promise.reject(new Error('unseen'));
    return new Promise(() => undefined);
  },
  exhaustMemory(): void {
    const all: number[][] = [];
    for (;;) all.push(new Array<number>(2 ** 20).fill(1.5));
  },
  hang(): void {
    for (;;);
  },
};

export type TroubledMethods = typeof methods;

answerCalls(methods);
