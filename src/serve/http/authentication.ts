import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { RequestError } from '../errors.ts';

/** Paths that need no key: probes, the page and the documentation. */
const OPEN = /^\/(health\/(live|ready)|v2\/health\/(live|ready)|docs(\/.*)?|page\/.*)?$/;

/**
 * Requires the key as `Authorization: Bearer KEY` or `X-API-Key: KEY`. Digests are compared in constant time, so the
 * response time reveals neither the key's length nor a common prefix.
 */
export function requireKey(app: FastifyInstance, key: string): void {
  const expected = digest(key);
  app.addHook('onRequest', (request, _, done) => {
    const path = request.url.split('?', 1)[0]!;
    if (OPEN.test(path)) {
      done();
      return;
    }
    const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const given = bearer ?? request.headers['x-api-key'];
    if (typeof given === 'string' && timingSafeEqual(digest(given), expected)) done();
    else done(new RequestError(401, 'takes an API key: Authorization: Bearer KEY, or X-API-Key: KEY'));
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
