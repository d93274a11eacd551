import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A connection of its own, closed after the test, whose errors do not matter. */
export function openSocket(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Sends bytes, and then nothing more; all that comes back until the service closes. */
export function exchange(port: number, bytes: string): Promise<string> {
  const socket = openSocket(port);
  socket.write(bytes);
  return received(socket);
}

/** All that comes back until the service closes. */
export async function received(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  await new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()));
  socket.destroy();
  return Buffer.concat(parts).toString();
}

/** After such a request's answer the service closes. */
export const CLOSE = 'Connection: close';

/** A request as it goes over the wire. */
export function wire(method: string, path: string, body = '', headers: readonly string[] = []): string {
  const length = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`];
  return [`${method} ${path} HTTP/1.1`, 'Host: x', ...length, ...headers, '', body].join('\r\n');
}
