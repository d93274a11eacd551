import type { Backend } from '../backend/backend.ts';
import { CaptureError } from '../backend/errors.ts';
import { activeRecorder } from '../backend/recorder.ts';
import { type CaptureArgument, CapturedRun } from './capturedRun.ts';
import { defaultDevice } from './device.ts';
import { scope } from './scope.ts';
import { describe, Tensor } from './tensor.ts';

/** A step that is recorded once and then replayed. */
export interface Captured<Arguments extends readonly CaptureArgument[], Result> {
  (...args: Arguments): Result;
  /**
   * Takes the step, by replay and then once more by running the function itself from the same state, and compares all
   * that the two wrote, bit by bit.
   *
   * @returns whether there was a recording to compare; without one the step is taken as usual
   * @throws CaptureError when they differ: something that changes was frozen into the recording
   */
  verify(...args: Arguments): Promise<boolean>;
  /** Frees the recordings and their memory. */
  dispose(): void;
}

/** Recordings kept for different arguments. */
const MOST = 32;

/**
 * A function that does what `step` does, but runs it only twice: the first call runs as usual (and makes what is made
 * once, such as an optimizer's state), the second is recorded, and all others replay its launches. A replay builds no
 * graph, makes no buffer and no bind group, and costs a few microseconds a launch.
 *
 * Other arguments (shapes of tensors, values of others) have recordings of their own, and so have other modes of the
 * modules. Tensors among the arguments are copied into the recording's own. What changes from step to step is asked for
 * at every replay: options of optimizers and their step counts, the random streams of dropout, places in an epoch.
 * What cannot be is refused: reading values, and tensors made from host data. A number of yours that changes is not
 * seen: make it a tensor, or an argument; `verify` finds it.
 *
 * Tensors that the step returns are overwritten by its next call.
 *
 * @param step a synchronous function of tensors and plain values that returns tensors, lists or objects of them, or
 *        nothing; its temporaries are freed, as by `scope`
 * @throws CaptureError for what cannot be captured, with its name
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
  step: (...args: Arguments) => Result,
  options: { device?: Backend } = {},
): Captured<Arguments, Result> {
  // A case is first only noted, then recorded.
  const runs = new Map<string, CapturedRun<Arguments, Result> | undefined>();
  const device = (): Backend => options.device ?? defaultDevice();

  const ready = (args: Arguments): CapturedRun<Arguments, Result> | undefined => {
    const run = runs.get(keyOf(args));
    return run?.fits() ? run : undefined;
  };

  const call = (...args: Arguments): Result => {
    // Within another captured step it is a part of that one.
    if (activeRecorder() || !device().record) return scope(() => step(...args));
    const run = ready(args);
    if (run) return run.replay(args);
    const key = keyOf(args);
    if (!runs.has(key)) {
      if (runs.size >= MOST) {
        throw new CaptureError(
          `capture: a recording for each of ${MOST + 1} different arguments (the last: ${key}). Give what changes from ` +
            'step to step as a tensor.',
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

/** Tells apart what needs recordings of their own. */
function keyOf(args: readonly CaptureArgument[]): string {
  return args
    .map((argument, index) => {
      if (argument instanceof Tensor) return describe(argument);
      const plain: unknown = argument;
      if (plain === null || !['object', 'function'].includes(typeof plain)) return String(plain);
      throw new CaptureError(
        `capture: argument ${index} is neither a tensor nor a plain value; what it holds would be frozen`,
      );
    })
    .join(', ');
}
