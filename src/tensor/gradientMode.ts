import { FUNCTION, signature } from './arguments.ts';
import { refusePromise } from './synchronous.ts';

let recording = true;

/** Whether operations are recorded for backward. */
export function isGradEnabled(): boolean {
  return recording;
}

const noGradArguments = signature('noGrad', { body: FUNCTION });

/**
 * Runs `body` without recording. Results need no gradient, and nothing is saved for backward.
 *
 * @example
 * const predictions = noGrad(() => model.forward(images).argmax(1));
 */
export function noGrad<T>(body: () => T): T {
  noGradArguments(arguments);
  return withGradEnabled(false, body);
}

export function withGradEnabled<T>(enabled: boolean, body: () => T): T {
  const before = recording;
  recording = enabled;
  try {
    const result = body();
    refusePromise('noGrad', result);
    return result;
  } finally {
    recording = before;
  }
}
