import { Interruption } from '../training/errors.ts';

/**
 * Aborted by the first Ctrl-C or SIGTERM, so that a command can stop cleanly; the second ends the process.
 *
 * @param message what is left behind; the signal's reason is an `Interruption` with this message
 */
export function interruptSignal(message: string = 'interrupted'): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new Interruption(message));
    });
  }
  return controller.signal;
}
