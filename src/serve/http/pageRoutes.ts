import { fileURLToPath } from 'node:url';
import helmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import type { App } from './app.ts';

const FOLDER = fileURLToPath(new URL('../page/', import.meta.url));

/** Adds `/`, a page that classifies a drawing or a picture, and security headers for every response. */
export async function addPage(app: App): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // The proxy in front of the service decides about TLS.
    strictTransportSecurity: false,
  });
  await app.register(fastifyStatic, { root: FOLDER, prefix: '/page/', decorateReply: true });
  app.get('/', { schema: { hide: true } }, (_, reply) => reply.sendFile('index.html'));
}
