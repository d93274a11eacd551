import type { Backend } from '../backend/backend.ts';
import { activeRecorder, isComputing } from '../backend/recorder.ts';
import { type Noted, surveyed } from '../backend/survey.ts';
import { CapturedRun, checkArgument, type EarlierRun } from './capturedRun.ts';
import { otherDevice } from './checks.ts';
import { type CaptureArgument, collectTensors, keyOf } from './captureValues.ts';
import { FUNCTION, type Rest, signature } from './arguments.ts';
import { defaultDevice } from './device.ts';
import { DeviceError } from './errors.ts';
import { DEVICE } from './kinds.ts';
import { disown, own, scope } from './scope.ts';
import { storagesMade } from './storage.ts';
import { refusePromise } from './synchronous.ts';
import { activeInspector, sever } from './tape.ts';
import { describe, type Tensor, tensorsMade } from './tensor.ts';

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
  /** Frees the recordings and their memory, as the scope does in which `capture` was called. A later call records again. */
  dispose(): void;
  /** Called by `using`: disposes the recordings. */
  [Symbol.dispose](): void;
}

/** Recordings kept for different arguments. The one that was not used for the longest time makes room for the next. */
const MOST = 32;

const takes = signature<{ device?: Backend }>('capture', { body: FUNCTION }, { device: DEVICE }, 0);

/**
 * Returns a function that does what `body` does, but runs it only twice. The first call runs it as usual, which also
 * creates what is created once, such as an optimizer's state. The second call records it. All others replay its
 * launches. A replay builds no graph, creates no buffer and no bind group, and costs a few microseconds per launch.
 *
 * Arguments are tensors, plain values, and lists and plain objects of these. Tensor arguments are copied into the
 * recording's own tensors. Arguments with other shapes or values get recordings of their own, the last 32 of them.
 *
 * Each replay reads again what changes from step to step: options of optimizers and their step counts, random numbers,
 * positions in an epoch. Everything else of the library's that a recording depends on is compared before each replay:
 * the modes and fields of modules, `requiresGrad` and the memory of parameters, which gradients exist, `noGrad`,
 * `autocast`, the default device. If it has changed, the step runs as usual and is then recorded again. Reading values
 * and creating tensors from host data are rejected.
 *
 * Numbers and variables of yours are not guarded. While they change from call to call, so that two calls in a row differ
 * in a number or use a new tensor, the step is not recorded and runs as usual. One that changes later is not seen: make
 * it an argument, or the contents of a tensor. `verify` finds it.
 *
 * The next replay overwrites the tensors that the step returned. Reading them later throws FreedTensorError; `clone()`
 * keeps a result. A step that needs the result of its last call takes it as an argument: `h = step(x, h)`.
 *
 * @param body a synchronous function that returns tensors, lists or objects of tensors, or nothing; its temporaries are
 *   freed as in `scope`
 * @param options.device defaults to the device of the tensor arguments, or else to the default device
 * @throws CaptureError naming the call that cannot be captured
 * @throws DeviceError for arguments on another device
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
  ...rest: Rest<{ device?: Backend }>
): Captured<Arguments, Result> {
  const options = takes([body, ...rest]);
  const step = (...args: Arguments): Result => {
    const result = body(...args);
    refusePromise('capture', result);
    return result;
  };
  // In the order of their last use. For arguments that are not recorded yet, what a recording is compared with.
  const runs = new Map<string, CapturedRun<Arguments, Result> | EarlierRun>();
  let latest: string | undefined;

  const deviceOf = (given: readonly Tensor[]): Backend => {
    const device = options.device ?? given[0]?.device ?? defaultDevice();
    const stranger = given.find((tensor) => tensor.device !== device);
    if (!stranger) return device;
    throw new DeviceError('capture', 'an argument is on another device', {
      takes: `tensors on ${device.description}`,
      got: `${describe(stranger)} on ${otherDevice(device, stranger.device)}`,
    });
  };

  const eager = (key: string, args: Arguments, given: readonly Tensor[]): Result => {
    given.forEach(checkArgument);
    const before = storagesMade();
    const launches: Noted[] = [];
    const result = surveyed(launches, () => scope(() => step(...args)));
    for (const tensor of collectTensors(result)) {
      if (!tensor.freed) sever(tensor, tensor);
      if (!tensor.freed && tensor.storage.serial >= before) tensor.storage.result ??= 'returned';
    }
    keep(key, { launches, tensors: tensorsMade() });
    return result;
  };

  const record = (key: string, args: Arguments, device: Backend, earlier: EarlierRun): Result => {
    const run = new CapturedRun(device, step, args, earlier);
    const result = run.handles();
    keep(key, run.steady ? run : run.run);
    if (!run.steady) run.dispose();
    return result;
  };

  const keep = (key: string, run: CapturedRun<Arguments, Result> | EarlierRun): void => {
    drop(key);
    const [oldest] = runs.keys();
    if (runs.size >= MOST) drop(oldest!);
    runs.set(key, run);
    latest = key;
  };

  const drop = (key: string): void => {
    const run = runs.get(key);
    if (run instanceof CapturedRun) run.dispose();
    runs.delete(key);
  };

  const touch = (key: string, run: CapturedRun<Arguments, Result>): void => {
    if (key === latest) return;
    runs.delete(key);
    runs.set(key, run);
    latest = key;
  };

  const call = (...args: Arguments): Result => {
    // Inside another captured step, or a dry run, it is a part of that. A replay would hide its gradients from an inspector.
    if (activeRecorder() || !isComputing() || activeInspector()) return scope(() => step(...args));
    const given = collectTensors(args);
    const device = deviceOf(given);
    if (!device.record) return scope(() => step(...args));
    const key = keyOf(args, 'the arguments');
    const run = runs.get(key);
    if (!run) return eager(key, args, given);
    if (!(run instanceof CapturedRun)) return record(key, args, device, run);
    if (!run.fits(device)) {
      drop(key);
      return eager(key, args, given);
    }
    touch(key, run);
    return run.replay(given);
  };

  const verify = async (...args: Arguments): Promise<boolean> => {
    const given = collectTensors(args);
    const run = runs.get(keyOf(args, 'the arguments'));
    if (run instanceof CapturedRun && run.fits(deviceOf(given))) {
      await run.verify(given);
      return true;
    }
    scope(() => void call(...args));
    return false;
  };

  const dispose = (): void => {
    disown(captured);
    for (const key of [...runs.keys()]) drop(key);
  };

  const captured = Object.assign(call, { verify, dispose, [Symbol.dispose]: dispose });
  own(captured);
  return captured;
}
