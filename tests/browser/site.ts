import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { onTestFinished } from 'vitest';
import { bundleForBrowsers } from '../../scripts/package/bundle.ts';
import { trainingProgram } from '../trainingProgram.ts';

const TYPES: Readonly<Record<string, string>> = {
  '': 'text/html',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.map': 'application/json',
};

/** What a page needs to be cross-origin isolated: then its workers can share memory. */
export const ISOLATION: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Serves files, by path, until the test ends. Returns the address, which ends with a slash. */
export async function startSite(
  files: Files,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
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
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** An empty page with the built library and the program of tests/training.ts beside it. */
export async function libraryFiles(): Promise<Record<string, string>> {
  const { code } = await bundleForBrowsers();
  return {
    '/': '<!doctype html><link rel="icon" href="data:,"><title>wgrad</title>',
    '/wgrad.min.js': code,
    '/training.js': trainingProgram(),
  };
}
