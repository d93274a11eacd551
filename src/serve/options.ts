import type { Tracer } from '@opentelemetry/api';

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
  /** Milliseconds for which a connection without requests stays open. */
  readonly keepAlive: number;
  /** Milliseconds between the signal to stop and the end of listening, in which the service is not ready. */
  readonly drainDelay: number;
  /** Milliseconds after that in which requests are still answered. */
  readonly drainTimeout: number;
  /** The key that every request must have, except health, page and documentation; undefined for no key. */
  readonly apiKey: string | undefined;
  /** The folder of Fashion-MNIST's files, with which the page trains. */
  readonly data: string;
  /** Pino's level. */
  readonly logLevel: string;
  /** Gets a span of each request; undefined for none. */
  readonly tracer?: Tracer | undefined;
}

/** Images of a batch, unless something else is asked for. Other sizes may round differently. */
export const BATCH_SIZE = 32;

export const DEFAULT_OPTIONS: ServiceOptions = {
  bodyLimit: 8 * 2 ** 20,
  pixelLimit: 2 ** 24,
  imageLimit: 256,
  decodersAtOnce: 2,
  decodeQueueLimit: 64,
  receiveTimeout: 10_000,
  answerTimeout: 10_000,
  connectionLimit: 1024,
  // Load balancers reuse connections for 60 s. The service must not close one that they are about to use.
  keepAlive: 65_000,
  drainDelay: 2_000,
  drainTimeout: 15_000,
  apiKey: undefined,
  data: 'data/raw',
  logLevel: 'info',
};
