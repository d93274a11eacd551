import { Interruption, signalExitCode, type StopSignal } from '../training/errors.ts';
import { watchParent } from './parent.ts';

const SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Milliseconds within which one Ctrl-C may come several times: from the terminal, and from tsx or npm. */
const SAME = 500;

/** Begins to stop the command that is at work; undefined where it has nothing to stop cleanly. */
let begin: ((signal: StopSignal) => void) | undefined;

/**
 * Stops a command cleanly: calls `stop` once, at the first SIGINT (Ctrl-C), SIGTERM or SIGHUP, or where the process that
 * started it has gone. Ctrl-C or SIGTERM again ends the process.
 */
export function onStop(stop: (signal: StopSignal) => void): void {
  let begunAt: number | undefined;
  begin = (signal) => {
    if (begunAt !== undefined) return;
    begunAt = performance.now();
    stop(signal);
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      const isAgain = begunAt !== undefined && performance.now() - begunAt > SAME;
      if (isAgain && signal !== 'SIGHUP') process.exit(signalExitCode(signal));
      begin?.(signal);
    });
  }
}

/**
 * Aborted by the first signal, so that a command can stop cleanly; see `onStop`.
 *
 * @param message what is left behind; the signal's reason is an `Interruption` with this message
 */
export function interruptSignal(message: string = 'interrupted'): AbortSignal {
  const controller = new AbortController();
  onStop((signal) => controller.abort(new Interruption(message, { signal })));
  return controller.signal;
}

/** Stops the command, as SIGTERM does, where the process that started it has gone; see `watchParent`. */
export function followParent(): void {
  watchParent(() => {
    if (begin) begin('SIGTERM');
    else process.exit(signalExitCode('SIGTERM'));
  });
}
