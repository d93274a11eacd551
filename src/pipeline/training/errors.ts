import { constants } from 'node:os';
import { WgradError } from '../../backend/errors.ts';

/** The training stopped early; the message names the last good checkpoint. */
export class TrainingError extends WgradError {
  override name = 'TrainingError';
}

/** The signals that stop the work: Ctrl-C, `kill`, and the end of the terminal. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** A signal stopped the work; the message says what was kept. Commands end with the exit code of the signal. */
export class Interruption extends TrainingError {
  override name = 'Interruption';
  readonly signal: StopSignal;

  /** @param options `signal`: default that of the cause, which may be an Interruption, or else SIGINT */
  constructor(message: string, options: { readonly signal?: StopSignal; readonly cause?: unknown } = {}) {
    super(message, options);
    const { cause } = options;
    this.signal = options.signal ?? (cause instanceof Interruption ? cause.signal : 'SIGINT');
  }
}

/** As shells have it: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP. */
export function signalExitCode(signal: StopSignal): number {
  return 128 + constants.signals[signal];
}

/** The run has nothing left to train; the message says how to train it further. Commands end with exit code 0. */
export class FinishedError extends WgradError {
  override name = 'FinishedError';
}
