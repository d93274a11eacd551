import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Marks an answer with its version, which browsers send with the next request.
 *
 * @returns whether the client has this version: then status 304 is set, and the answer needs no body
 */
export function isKnown({ headers }: FastifyRequest, reply: FastifyReply, version: string): boolean {
  const tag = `"${version}"`;
  void reply.header('etag', tag).header('cache-control', 'no-cache');
  if (headers['if-none-match'] !== tag) return false;
  void reply.code(304);
  return true;
}
