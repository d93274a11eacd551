import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { WgradError } from '../../backend/errors.ts';

export interface MetricsServer {
  readonly url: string;
  readonly close: () => void;
}

/**
 * Answers `GET /metrics` in Prometheus' format, for commands that are no service. It keeps no process alive.
 *
 * @param address `host` and `port`, 0 for a free one
 * @throws WgradError if the address cannot be used
 */
export async function serveMetrics(
  registry: Registry,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    const isKnown = request.url?.split('?')[0] === '/metrics';
    if (!isKnown || !['GET', 'HEAD'].includes(request.method ?? '')) {
      response.writeHead(isKnown ? 405 : 404, { 'content-type': 'text/plain' });
      return void response.end('takes GET /metrics\n');
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
    );
  });
  server.maxConnections = 64;
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw new WgradError(`cannot listen for metrics on ${host}, port ${port}: ${String(error)}`, {
      cause: error,
    });
  }
  server.unref();
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/metrics`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
