import type { Backend } from '../backend/backend.ts';
import { CaptureError } from '../backend/errors.ts';
import { activeRecorder } from '../backend/recorder.ts';
import { type CaptureArgument, CapturedRun } from './capturedRun.ts';
import { defaultDevice } from './device.ts';
import { scope } from './scope.ts';
import { refusePromise } from './synchronous.ts';
import { describe, Tensor } from './tensor.ts';

/** A step that is recorded once and then replayed. */
export interface Captured<Arguments extends readonly CaptureArgument[], Result> {
  (...args: Arguments): Result;
  /**
   * Runs the step by replay and then once more directly from the same state, and compares everything that the two
   * wrote, bit by bit.
   *
   * @returns whether there was a recording to compare; without one the step runs as usual
   * @throws CaptureError if they differ: the recording has frozen a value that changes
   */
  verify(...args: Arguments): Promise<boolean>;
  /** Frees the recordings and their memory. */
  dispose(): void;
}

/** Recordings kept for different arguments. */
const MOST = 32;

/**
 * Returns a function that does what `body` does, but runs it only twice. The first call runs it as usual, which also
 * creates what is created once, such as an optimizer's state. The second call records it. All others replay its
 * launches. A replay builds no graph, creates no buffer and no bind group, and costs a few microseconds per launch.
 *
 * Arguments with other shapes or values get recordings of their own, and so do other modes of the modules. Tensor
 * arguments are copied into the recording's own tensors. Each replay reads again what changes from step to step:
 * options of optimizers and their step counts, random streams of dropout, positions in an epoch. Reading values and
 * creating tensors from host data are rejected. A plain number of yours that changes is not seen: make it a tensor or
 * an argument. `verify` finds it.
 *
 * The next call overwrites the tensors that the step returned.
 *
 * @param body a synchronous function of tensors and plain values that returns tensors, lists or objects of tensors, or
 *   nothing; its temporaries are freed as in `scope`
 * @throws CaptureError naming the call that cannot be captured
 * @example
 * const train = capture((images: Tensor, labels: Tensor) => {
 *   optimizer.zeroGrad();
 *   const loss = crossEntropy(model.forward(images), labels);
 *   loss.backward();
 *   optimizer.step();
 *   return loss;
 * });
 * for (const { images, labels } of batches) train(images, labels);
 */
export function capture<Arguments extends readonly CaptureArgument[], Result>(
  body: (...args: Arguments) => Result,
  options: { device?: Backend } = {},
): Captured<Arguments, Result> {
  const step = (...args: Arguments): Result => {
    const result = body(...args);
    refusePromise('capture', result);
    return result;
  };
  // Undefined for arguments that were seen once, and are not recorded yet.
  const runs = new Map<string, CapturedRun<Arguments, Result> | undefined>();
  const device = (): Backend => options.device ?? defaultDevice();

  const ready = (args: Arguments): CapturedRun<Arguments, Result> | undefined => {
    const run = runs.get(keyOf(args));
    return run?.fits() ? run : undefined;
  };

  const call = (...args: Arguments): Result => {
    // Inside another captured step it is a part of that step.
    if (activeRecorder() || !device().record) return scope(() => step(...args));
    const run = ready(args);
    if (run) return run.replay(args);
    const key = keyOf(args);
    if (!runs.has(key)) {
      if (runs.size >= MOST) {
        throw new CaptureError(
          `capture: more than ${MOST} different arguments, each with a recording (the last: ${key}). Pass values that ` +
            'change from step to step as tensors.',
        );
      }
      runs.set(key, undefined);
      return scope(() => step(...args));
    }
    runs.get(key)?.dispose();
    runs.set(key, undefined);
    const recorded = new CapturedRun(device(), step, args);
    runs.set(key, recorded);
    return recorded.handles();
  };

  const verify = async (...args: Arguments): Promise<boolean> => {
    const run = device().record && ready(args);
    if (run) await run.verify(args);
    else scope(() => void call(...args));
    return run !== undefined;
  };

  const dispose = (): void => {
    for (const run of runs.values()) run?.dispose();
    runs.clear();
  };

  return Object.assign(call, { verify, dispose });
}

/** A key that differs for arguments that need separate recordings. */
function keyOf(args: readonly CaptureArgument[]): string {
  return args
    .map((argument, index) => {
      if (argument instanceof Tensor) return describe(argument);
      const plain: unknown = argument;
      if (plain === null || !['object', 'function'].includes(typeof plain)) return String(plain);
      throw new CaptureError(
        `capture: argument ${index} is neither a tensor nor a plain value; its contents would be frozen`,
      );
    })
    .join(', ');
}
