import { WgradError } from '../../backend/errors.ts';

/** The training stopped early; the message names the last good checkpoint. */
export class TrainingError extends WgradError {
  override name = 'TrainingError';
}

/** Ctrl-C or SIGTERM stopped the work; the message says what was kept. Commands end with exit code 130. */
export class Interruption extends TrainingError {
  override name = 'Interruption';
}

/** The run has nothing left to train; the message says how to train it further. Commands end with exit code 0. */
export class FinishedError extends WgradError {
  override name = 'FinishedError';
}
