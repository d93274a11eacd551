import { setTimeout as sleep } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import { WgradError } from '../../../backend/errors.ts';
import { readAnswer, TooLongError } from '../../files/answer.ts';
import { errorText } from '../../text/errorText.ts';
import { parsePage } from './listing.ts';
import type { ArtifactStore } from './store.ts';

/** Storage with the S3 protocol cannot be used. */
export class StoreError extends WgradError {
  override name = 'StoreError';
}

/** The variables that say how storage is reached; they are those of Amazon's own tools. */
const REMEDY =
  'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY hold the key, AWS_REGION the region, AWS_ENDPOINT_URL the address of a server that is not Amazon’s';

const ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(\/.*)?$/;
/** Milliseconds that a request may take. */
const LONGEST = 120_000;
/** Attempts at a request that the network or the server failed; each pause between them is twice the one before. */
const ATTEMPTS = 6;
const FIRST_PAUSE = 200;
/** Pages of a listing, of up to a thousand keys each. A server may send them without an end. */
const MOST_PAGES = 1000;
/** Bytes of an artifact, and of any other answer. */
const MOST_BYTES = 2 ** 30;
const MOST_TEXT = 2 ** 24;

interface Answer {
  readonly status: number;
  /** A text that says where the server redirects to; else empty. */
  readonly location: string;
  readonly body: Uint8Array;
}

/** A bucket, or the part of it below a prefix, in storage with the S3 protocol: `s3://bucket/prefix`. */
export class S3Store implements ArtifactStore {
  readonly name: string;
  readonly #client: AwsClient;
  /** The address of the bucket. */
  readonly #url: string;
  readonly #prefix: string;
  readonly #pause: number;

  /** @throws StoreError where the address names no bucket, or the variables have no key */
  constructor(address: string, env: NodeJS.ProcessEnv = process.env, pause: number = FIRST_PAUSE) {
    const [, bucket, path = ''] = ADDRESS.exec(address) ?? [];
    if (bucket === undefined || leadsOut(path))
      throw new StoreError(`a store takes s3://bucket/prefix, got ${address}`);
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
    if (!accessKeyId || !secretAccessKey) throw new StoreError(`${address}: there is no key\n${REMEDY}`);
    const sessionToken = env['AWS_SESSION_TOKEN'];
    const named = (...names: string[]): string | undefined => names.map((name) => env[name]).find(Boolean);
    const region = named('AWS_REGION', 'AWS_DEFAULT_REGION') ?? 'us-east-1';
    const endpoint = named('AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL') ?? `https://s3.${region}.amazonaws.com`;
    if (!isEndpoint(endpoint)) {
      const shown = endpoint.replace(/\/\/.*@/, '//…@');
      throw new StoreError(`AWS_ENDPOINT_URL takes http://host:port or https://host:port, got ${shown}`);
    }
    this.name = address.replace(/\/+$/, '');
    this.#client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      region,
      service: 's3',
      // `#request` repeats requests whose connection broke, too.
      retries: 0,
    });
    this.#url = `${endpoint.replace(/\/+$/, '')}/${bucket}`;
    this.#prefix = path.replace(/^\/+|\/+$/g, '');
    this.#pause = pause;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#request('GET', this.#path(key));
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#request('PUT', this.#path(key), bytes);
  }

  async list(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    const start = this.#key(prefix);
    const tokens = new Set<string>();
    for (let token: string | undefined = ''; token !== undefined;) {
      if (tokens.has(token) || tokens.size === MOST_PAGES)
        throw this.#failure('GET', 'the listing has no end');
      tokens.add(token);
      const query = new URLSearchParams({ 'list-type': '2', 'encoding-type': 'url', prefix: start });
      if (token !== '') query.set('continuation-token', token);
      const page = parsePage(new TextDecoder().decode(await this.#request('GET', `?${query.toString()}`)));
      if (!page) throw this.#failure('GET', 'the answer is no listing of a bucket');
      // What is listed may be removed: never more than what was asked for.
      const found = page.keys.filter((key) => key.startsWith(start));
      for (const key of found) keys.push(key.slice(this.#key('').length));
      token = page.next;
    }
    return keys;
  }

  async remove(key: string): Promise<void> {
    await this.#request('DELETE', this.#path(key));
  }

  #key(key: string): string {
    return this.#prefix === '' ? key : `${this.#prefix}/${key}`;
  }

  #path(key: string): string {
    if (leadsOut(key)) throw new StoreError(`${this.name}: the key ${key} leads out of the store`);
    return `/${this.#key(key).split('/').map(encodeURIComponent).join('/')}`;
  }

  /**
   * The body of the answer; undefined where there is no such key.
   *
   * @throws StoreError where the request is refused, or fails too often
   */
  async #request(method: string, path: string, body?: Uint8Array): Promise<Uint8Array | undefined> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(method, path, body);
      if (typeof answer !== 'string') {
        if (answer.status >= 200 && answer.status < 300) return answer.body;
        const { code, message } = errorOf(answer);
        if (answer.status === 404 && code !== 'NoSuchBucket' && method !== 'PUT') return undefined;
        const mayPass = answer.status >= 500 || answer.status === 429 || code === 'RequestTimeout';
        if (!mayPass || attempt === ATTEMPTS)
          throw this.#failure(method, `status ${answer.status} ${message}${answer.location}`);
      } else if (attempt === ATTEMPTS) throw this.#failure(method, answer);
      await sleep(this.#pause * 2 ** (attempt - 1));
    }
  }

  #failure(method: string, why: string): StoreError {
    return new StoreError(`${this.name}: ${method} fails: ${why.trim()}\n${REMEDY}`);
  }

  /**
   * The whole answer; or, as a text, why there is none.
   *
   * @throws StoreError for an answer that is too long
   */
  async #attempt(method: string, path: string, body: Uint8Array | undefined): Promise<Answer | string> {
    try {
      const signal = AbortSignal.timeout(LONGEST);
      const content = body && { body: body as Uint8Array<ArrayBuffer> };
      const response = await this.#client.fetch(`${this.#url}${path}`, {
        method,
        signal,
        // The signature is one for this address. Another page, such as that of a login, holds no artifacts.
        redirect: 'manual',
        ...content,
      });
      const target = response.headers.get('location');
      const location = target === null ? '' : ` (redirects to ${target.slice(0, 300)})`;
      const most = response.ok && !path.startsWith('?') ? MOST_BYTES : MOST_TEXT;
      return { status: response.status, location, body: await readAnswer(response, most) };
    } catch (error) {
      // The next one would be as long.
      if (error instanceof TooLongError) throw this.#failure(method, error.message);
      return errorText((error as Error).cause ?? error);
    }
  }
}

/** What the XML of an error says. */
function errorOf({ body }: Answer): { code: string; message: string } {
  // A terminal obeys control characters.
  const text = new TextDecoder()
    .decode(body)
    .slice(0, 4000)
    .replaceAll(/\p{Cc}+/gu, ' ');
  const code = /<Code>([^<]+)</.exec(text)?.[1] ?? '';
  const message = /<Message>([^<]+)</.exec(text)?.[1] ?? '';
  return { code, message: [code, message].filter(Boolean).join(': ').slice(0, 300) };
}

/** Whether an address would leave the bucket: URLs resolve such names. */
function leadsOut(path: string): boolean {
  return path.split('/').some((name) => name === '.' || name === '..');
}

/** Whether requests can be sent to an address, with a path behind it. */
function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}
