import { WgradError } from '../backend/errors.ts';

let recording = true;

/** Whether operations are recorded for backward. */
export function isRecording(): boolean {
  return recording;
}

/**
 * Runs `body` without recording. Results need no gradient, and nothing is saved for backward.
 *
 * @example
 * const predictions = noGrad(() => model.forward(images).argmax(1));
 */
export function noGrad<T>(body: () => T): T {
  return withRecording(false, body);
}

export function withRecording<T>(enabled: boolean, body: () => T): T {
  const before = recording;
  recording = enabled;
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new WgradError(
        'noGrad: takes a synchronous function, got one that returns a promise; await outside of it',
      );
    }
    return result;
  } finally {
    recording = before;
  }
}
