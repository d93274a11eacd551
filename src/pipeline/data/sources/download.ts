import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError } from '../errors.ts';

export class DownloadError extends DataError {
  override readonly name: string = 'DownloadError';
  /** Nobody answered, the answer will not change, or another attempt may succeed. */
  readonly kind: 'unreachable' | 'refused' | 'interrupted';

  constructor(kind: DownloadError['kind'], url: URL, problem: string, cause?: unknown) {
    // An unreachable host fails every file, so the error names none.
    super(`${kind === 'unreachable' ? url.origin : url.href}: ${problem}`, {}, cause);
    this.kind = kind;
  }
}

export interface DownloadTiming {
  readonly attempts: number;
  /** The wait before the second attempt; it doubles before each further one. */
  readonly firstDelayMs: number;
  /** How long the server may take to answer. */
  readonly connectTimeoutMs: number;
  /** How long a transfer may stand still. */
  readonly idleTimeoutMs: number;
}

export interface DownloadOptions extends Partial<DownloadTiming> {
  /** More bytes than this are refused. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly onProgress: (received: number, total: number | undefined) => void;
}

const TIMING: DownloadTiming = {
  attempts: 4,
  firstDelayMs: 500,
  connectTimeoutMs: 5_000,
  idleTimeoutMs: 15_000,
};

/** Failures before an answer that do not mean that the host is unreachable. */
const TRANSIENT_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

type Settings = DownloadTiming & DownloadOptions;

/**
 * Downloads `url` into the file `part`, continues what is already there (by a Range request), and retries after
 * interruptions. Where nobody answers it gives up at once.
 *
 * When it rejects, `part` keeps the received bytes, unless they cannot be right.
 *
 * @throws DownloadError, or the signal's reason
 */
export async function download(url: URL, part: string, options: DownloadOptions): Promise<void> {
  const settings: Settings = { ...TIMING, ...options };
  for (let attempt = 1; ; attempt++) {
    try {
      await transfer(url, part, settings);
      return;
    } catch (error) {
      settings.signal.throwIfAborted();
      const again = error instanceof DownloadError && error.kind === 'interrupted';
      if (!again || attempt >= settings.attempts) throw error;
      const delay = settings.firstDelayMs * 2 ** (attempt - 1);
      await sleep(delay, undefined, { signal: settings.signal });
    }
  }
}

async function transfer(url: URL, part: string, settings: Settings): Promise<void> {
  const watchdog = new Watchdog();
  const signal = AbortSignal.any([settings.signal, watchdog.signal]);
  try {
    const offset = await sizeOf(part);
    watchdog.expect('no answer', settings.connectTimeoutMs);
    const response = await request(url, offset, signal);
    watchdog.expect('no data', settings.idleTimeoutMs);
    try {
      await receive(url, response, part, offset, settings, watchdog);
    } finally {
      // Frees the connection when the body was not read to its end.
      await response.body?.cancel().catch(() => undefined);
    }
  } finally {
    watchdog.stop();
  }
}

async function request(url: URL, offset: number, signal: AbortSignal): Promise<Response> {
  // Ranges count the bytes of the representation, so it must not be compressed in transit.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (offset > 0) headers['range'] = `bytes=${offset}-`;
  try {
    return await fetch(url, { headers, signal });
  } catch (error) {
    const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    const kind = TRANSIENT_CODES.has(cause.code ?? '') ? 'interrupted' : 'unreachable';
    throw new DownloadError(kind, url, cause.message || cause.code || 'no connection', error);
  }
}

async function receive(
  url: URL,
  response: Response,
  part: string,
  offset: number,
  settings: Settings,
  watchdog: Watchdog,
): Promise<void> {
  const { status } = response;
  const range = parseContentRange(response.headers.get('content-range'));
  if (status === 416) {
    if (offset > 0 && range.total === offset) return;
    await rm(part, { force: true });
    throw new DownloadError('interrupted', url, 'the server rejects the rest of the file');
  }
  if (status !== 200 && status !== 206) {
    const kind = status === 408 || status === 429 || status >= 500 ? 'interrupted' : 'refused';
    throw new DownloadError(kind, url, `HTTP ${status} ${response.statusText}`);
  }
  if (status === 206 && range.start !== offset) {
    await rm(part, { force: true });
    throw new DownloadError('interrupted', url, `the server sent another part than bytes ${offset}-`);
  }

  const start = status === 206 ? offset : 0;
  const length = response.headers.get('content-length');
  const total = length === null ? range.total : start + Number(length);
  let received = start;
  const handle = await open(part, start > 0 ? 'r+' : 'w');
  try {
    const tooLarge = (bytes: number): never => {
      throw new DownloadError('refused', url, `expected at most ${settings.maxBytes} bytes, got ${bytes}`);
    };
    if (total !== undefined && total > settings.maxBytes) tooLarge(total);
    settings.onProgress(received, total);
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      watchdog.expect('no data', settings.idleTimeoutMs);
      if (received + chunk.length > settings.maxBytes) tooLarge(received + chunk.length);
      await handle.write(chunk, 0, chunk.length, received);
      received += chunk.length;
      settings.onProgress(received, total);
    }
  } catch (error) {
    if (error instanceof DownloadError) {
      await rm(part, { force: true });
      throw error;
    }
    const problem = ((error as Error).cause as Error | undefined)?.message ?? (error as Error).message;
    throw new DownloadError('interrupted', url, `broke off after ${received} bytes: ${problem}`, error);
  } finally {
    await handle.close();
  }
}

function parseContentRange(header: string | null): { start: number | undefined; total: number | undefined } {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(header ?? '');
  const number = (text: string | undefined): number | undefined =>
    text === undefined || text === '*' ? undefined : Number(text);
  return { start: number(match?.[1]), total: number(match?.[2]) };
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (info) => info.size,
    () => 0,
  );
}

/** Aborts when the next event does not come in time. */
class Watchdog {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  expect(otherwise: string, withinMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#controller.abort(new Error(`${otherwise} for ${withinMs / 1000} s`));
    }, withinMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
