import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { UsageError } from '../../pipeline/text/didYouMean.ts';
import { RequestError } from '../errors.ts';

/**
 * The key that a setting such as an environment variable holds. Spaces and line breaks around it do not count: they come
 * from the file that it was read from, and no header can hold them.
 *
 * @returns undefined where there is no setting: the service then needs no key
 * @throws UsageError for a key that no request could send
 */
export function readKey(text: string | undefined): string | undefined {
  const key = text?.trim();
  if (key === undefined || /^[!-~]+$/.test(key)) return key;
  const got = key === '' ? 'an empty text' : 'other characters';
  throw new UsageError(
    `WGRAD_API_KEY takes printable ASCII characters without spaces, got ${got}. Unset it to serve without a key.`,
  );
}

/** Paths that need no key: probes, the page and the documentation. */
const OPEN = /^\/(health\/(live|ready)|v2\/health\/(live|ready)|docs(\/.*)?|page\/.*)?$/;

/**
 * Requires the key as `Authorization: Bearer KEY` or `X-API-Key: KEY`. Digests are compared in constant time, so the
 * response time reveals neither the key's length nor a common prefix.
 */
export function requireKey(app: FastifyInstance, key: string): void {
  const expected = digest(key);
  app.addHook('onRequest', (request, reply, done) => {
    const path = request.url.split('?', 1)[0]!;
    if (OPEN.test(path)) {
      done();
      return;
    }
    const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const given = [bearer, request.headers['x-api-key']].filter((key) => typeof key === 'string');
    if (given.some((key) => timingSafeEqual(digest(key), expected))) done();
    else {
      reply.header('www-authenticate', 'Bearer realm="wgrad"');
      done(new RequestError(401, 'takes an API key: Authorization: Bearer KEY, or X-API-Key: KEY'));
    }
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
