import { WgradError } from '../backend/errors.ts';

/** A request that cannot be answered in this form; clients get the message, and the HTTP status. */
export class RequestError extends WgradError {
  override name = 'RequestError';
  readonly status: 400 | 401 | 404 | 413 | 415 | 422 | 503 | 504;

  constructor(status: RequestError['status'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The queue is full, or no model is ready. The client should try again later. */
export class UnavailableError extends RequestError {
  override name = 'UnavailableError';

  constructor(message: string, options?: ErrorOptions) {
    super(503, message, options);
  }
}
