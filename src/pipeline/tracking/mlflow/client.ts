import { z } from 'zod';
import { WgradError } from '../../../backend/errors.ts';
import { readAnswer } from '../../files/answer.ts';

/** A server refused a request, or did not answer. */
export class MlflowError extends WgradError {
  override name = 'MlflowError';
  /** HTTP's status; 0 without an answer. */
  readonly status: number;
  /** MLflow's code, such as `RESOURCE_DOES_NOT_EXIST`. */
  readonly code: string;
  /** How long the server asks to wait, in milliseconds; 0 without a request. */
  readonly retryAfter: number;

  constructor(message: string, status: number, code = '', retryAfter = 0, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export interface ClientOptions {
  /** Milliseconds that one request may take. */
  readonly timeout: number;
  /** Ends all requests. */
  readonly signal: AbortSignal;
}

/** Longer answers are refused; a hostile one could be endless. */
const ANSWER_BYTES = 2 ** 20;

/**
 * MLflow's REST interface. Credentials come from `MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_USERNAME` and
 * `MLFLOW_TRACKING_PASSWORD`, or the address; they appear in no message.
 */
export class MlflowClient {
  /** The address without credentials. */
  readonly base: string;
  readonly #authorization: string | undefined;
  readonly #options: ClientOptions;

  /** @throws MlflowError when `uri` is not an address */
  constructor(uri: string, options: ClientOptions) {
    if (!URL.canParse(uri)) throw new MlflowError('MLFLOW_TRACKING_URI is no valid address', 400);
    const url = new URL(uri);
    this.#authorization = authorizationOf(url);
    [url.username, url.password, url.search, url.hash] = ['', '', '', ''];
    this.base = url.href.replace(/\/+$/, '');
    this.#options = options;
  }

  get<T>(path: string, query: Readonly<Record<string, string>>, answer: z.ZodType<T>): Promise<T> {
    return this.#call('GET', `${path}?${new URLSearchParams(query).toString()}`, answer);
  }

  post<T>(path: string, body: object, answer: z.ZodType<T>): Promise<T> {
    return this.#call('POST', path, answer, JSON.stringify(body), 'application/json');
  }

  /** Uploads a file through the server: `0/1f3a…/artifacts/config.yaml`. */
  async putArtifact(path: string, content: string | Uint8Array): Promise<void> {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    await this.#request('PUT', `/api/2.0/mlflow-artifacts/artifacts/${encoded}`, content);
  }

  async #call<T>(
    method: string,
    path: string,
    answer: z.ZodType<T>,
    body?: string,
    type?: string,
  ): Promise<T> {
    const full = `/api/2.0/mlflow/${path}`;
    const result = answer.safeParse(parseJson(await this.#request(method, full, body, type)));
    if (!result.success) throw new MlflowError(`${this.#named(method, full)} gave an unknown answer`, 400);
    return result.data;
  }

  async #request(method: string, path: string, body?: string | Uint8Array, type?: string): Promise<string> {
    const { timeout, signal } = this.#options;
    const named = this.#named(method, path);
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.base + path, {
        method,
        // A redirected POST would lose its body, and a redirected secret would reach another server.
        redirect: 'manual',
        headers: {
          ...(this.#authorization !== undefined && { authorization: this.#authorization }),
          ...(type !== undefined && { 'content-type': type }),
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
        ...(body !== undefined && { body: body as NonNullable<RequestInit['body']> }),
      });
      text = (await readAnswer(response, ANSWER_BYTES)).toString('utf8');
    } catch (error) {
      throw new MlflowError(`${named}: ${reasonOf(error)}`, 0, '', 0, { cause: error });
    }
    if (response.ok) return text;
    const { error_code: code = '', message = '' } = failure.safeParse(parseJson(text)).data ?? {};
    const wait = Number(response.headers.get('retry-after') ?? 0) * 1000;
    const said = [`${response.status} ${response.statusText}`, code, message.slice(0, 200)].filter(Boolean);
    throw new MlflowError(
      `${named}: ${said.join(', ')}`,
      response.status,
      code,
      Number.isFinite(wait) ? wait : 0,
    );
  }

  #named(method: string, path: string): string {
    return `${method} ${this.base}${path.split('?')[0]!}`;
  }
}

const failure = z.object({ error_code: z.string().optional(), message: z.string().optional() });

function authorizationOf({ username, password }: URL): string | undefined {
  const env = process.env;
  const [user, secret] = username
    ? [decodeURIComponent(username), decodeURIComponent(password)]
    : [env['MLFLOW_TRACKING_USERNAME'], env['MLFLOW_TRACKING_PASSWORD'] ?? ''];
  if (user) return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
  const token = env['MLFLOW_TRACKING_TOKEN'];
  return token ? `Bearer ${token}` : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
  // That of an abort is a number.
  return typeof code === 'string' ? code : message;
}
