import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '': 'text/html',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** What a page needs to be cross-origin isolated: then its workers can share memory. */
export const ISOLATION: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** Contents by path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface Site {
  /** The address, which ends with a slash. */
  readonly url: string;
  readonly close: () => void;
}

/** Serves files on a free port of this machine. */
export async function serveFiles(
  files: Files,
  headers: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const server = createServer(({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://site');
    const content = files[pathname];
    response
      .writeHead(content === undefined ? 404 : 200, {
        'content-type': TYPES[extname(pathname)] ?? 'application/octet-stream',
        ...headers,
      })
      .end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
