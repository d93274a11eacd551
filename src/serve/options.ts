/** Limits and timeouts of the service. The command's `--help` describes each. */
export interface ServiceOptions {
  /** Bytes of a request body. */
  readonly bodyLimit: number;
  /** Width times height of an uploaded picture. */
  readonly pixelLimit: number;
  /** Images in one request. */
  readonly imageLimit: number;
  /** Pictures that are decoded at the same time, and pictures that may wait for it. */
  readonly decodersAtOnce: number;
  readonly decodeQueueLimit: number;
  /** Milliseconds until a request must have been received, and until it must be answered. */
  readonly receiveTimeout: number;
  readonly answerTimeout: number;
  /** Open connections. */
  readonly connectionLimit: number;
  /** The key that every request must have, except health, page and documentation; undefined for no key. */
  readonly apiKey: string | undefined;
  /** Pino's level. */
  readonly logLevel: string;
}

export const DEFAULT_OPTIONS: ServiceOptions = {
  bodyLimit: 8 * 2 ** 20,
  pixelLimit: 2 ** 24,
  imageLimit: 256,
  decodersAtOnce: 2,
  decodeQueueLimit: 64,
  receiveTimeout: 10_000,
  answerTimeout: 10_000,
  connectionLimit: 1024,
  apiKey: undefined,
  logLevel: 'info',
};
