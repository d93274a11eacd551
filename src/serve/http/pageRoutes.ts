import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import helmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import { pageScripts, SCRIPTS } from '../page/bundle.ts';
import type { App } from './app.ts';
import { isKnown } from './tagged.ts';

const FOLDER = fileURLToPath(new URL('../page/static/', import.meta.url));

/**
 * Adds `/`, a page that classifies pictures and trains models in the browser, and security headers for every response.
 *
 * The page's scripts compile WebAssembly and start workers, so the policy allows both; everything comes from this service.
 * The threads of the CPU backend are workers from a blob, which inherit the policy. They share memory, which browsers allow
 * in pages that are cross-origin isolated.
 */
export async function addPage(app: App): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        workerSrc: ["'self'", 'blob:'],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: { policy: 'require-corp' },
    // The proxy in front of the service decides about TLS.
    strictTransportSecurity: false,
  });
  await app.register(fastifyStatic, { root: FOLDER, prefix: '/page/', decorateReply: true });
  let scripts: Promise<ReadonlyMap<string, Script>> | undefined;
  app.get('/', { schema: { hide: true } }, (_, reply) => reply.sendFile('index.html'));
  for (const name of SCRIPTS) {
    app.get(`/page/${name}`, { schema: { hide: true } }, async (request, reply) => {
      // Most services never show the page.
      scripts ??= versionedScripts();
      const { text, version } = (await scripts).get(name)!;
      if (isKnown(request, reply, version)) return reply.send();
      return reply.type('text/javascript; charset=utf-8').send(text);
    });
  }
}

interface Script {
  readonly text: string;
  readonly version: string;
}

async function versionedScripts(): Promise<ReadonlyMap<string, Script>> {
  const texts = [...(await pageScripts())];
  const versionOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
  return new Map(texts.map(([name, text]) => [name, { text, version: versionOf(text) }]));
}
