import { setImmediate as nextTurn } from 'node:timers/promises';
import { RequestError } from '../errors.ts';
import type { App } from './app.ts';

/** Bytes up to which a body is read at once. */
const SMALL = 2 ** 16;

/** What costs time to read: lists and objects, keys, values. The greatest numbers take about 20 ms each. */
const MOST = { brackets: 2 ** 17, colons: 2 ** 14, commas: 2 ** 20 };

/**
 * Refuses JSON that would take long to read: of eight megabytes, millions of empty lists take half a second, and nothing
 * else is answered in the meantime. Counting takes a hundredth of that. What stands in texts counts, too; pictures in
 * base64 hold none of these characters.
 *
 * @throws RequestError (413)
 */
export function requireModest(bytes: Uint8Array): void {
  if (bytes.length <= SMALL) return;
  let [brackets, colons, commas] = [0, 0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === COMMA) commas++;
    else if (byte === LIST || byte === OBJECT) brackets++;
    else if (byte === COLON) colons++;
  }
  const counts = { brackets, colons, commas };
  for (const name of ['brackets', 'colons', 'commas'] as const) {
    if (counts[name] <= MOST[name]) continue;
    throw new RequestError(
      413,
      `takes JSON with at most ${MOST[name]} ${name}, got ${counts[name]}; send fewer images, or binary tensors`,
    );
  }
}

const [COMMA, COLON, LIST, OBJECT] = [...Buffer.from(',:[{')] as [number, number, number, number];

let previous: Promise<void> = Promise.resolve();

/** Resolves in a turn of the event loop in which no other large body is read, so that others are answered in between. */
export function turnToRead(bytes: number): Promise<void> {
  if (bytes <= SMALL) return Promise.resolve();
  return (previous = previous.then(() => nextTurn()));
}

/** Reads JSON bodies, large ones one after the other. */
export function acceptJson(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    turnToRead(body.length)
      .then(() => {
        requireModest(body);
        void parse(request, body.toString(), done);
      })
      .catch(done);
  });
}
