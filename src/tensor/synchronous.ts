import { WgradError } from '../backend/errors.ts';

/**
 * Throws WgradError if a function that must be synchronous returned a promise. Its later rejection is ignored: the
 * caller has this error.
 *
 * @param what the caller, such as `scope`
 */
export function refusePromise(what: string, result: unknown): void {
  if (typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then !== 'function') return;
  void Promise.resolve(result).catch(() => undefined);
  throw new WgradError(
    `${what}: takes a synchronous function, got one that returns a promise; await outside of it`,
  );
}
