import type { Backend, DeviceBuffer, Recording } from '../backend/backend.ts';
import { CaptureError } from '../backend/errors.ts';
import { memoryIn } from '../backend/memoryPool.ts';
import { HostTrace, withRecorder } from '../backend/recorder.ts';
import { type Noted, sameLaunches, surveyed } from '../backend/survey.ts';
import { autocastType } from './autocast.ts';
import { compareBits, readState, writeState } from './captureState.ts';
import { checkResult, collectTensors, mapTensors } from './captureValues.ts';
import { empty } from './create.ts';
import { copyAll } from './dense.ts';
import { isGradEnabled } from './gradientMode.ts';
import { type GradientWatch, placeOf, samePlace, watchGradients } from './gradientWatch.ts';
import { Loans } from './loans.ts';
import { scope, unscoped } from './scope.ts';
import { sever } from './tape.ts';
import { describe, type GradientHome, type Leaf, Tensor, tensorsMade } from './tensor.ts';

/** A leaf and its gradient, if it has one: at home, or a handle on it. */
interface LeafGradient {
  leaf: Leaf;
  home: GradientHome | undefined;
  grad: Tensor | undefined;
}

/** What a recording is compared with: the run of the step before it. */
export interface EarlierRun {
  readonly launches: readonly Noted[];
  /** The number of tensors made until its end. */
  readonly tensors: number;
}

/** One recording of a captured step, with the host state that a replay needs. */
export class CapturedRun<Arguments extends readonly unknown[], Result> {
  readonly #device: Backend;
  readonly #step: (...args: Arguments) => Result;
  readonly #trace = new HostTrace();
  readonly #recording: Recording;
  /** The recording's own tensors that replace those in the arguments. */
  readonly #inputs: readonly Tensor[];
  readonly #args: Arguments;
  /** The result of the step. Its tensors live as long as the recording. */
  readonly #result: Result;
  /** The gradients that the step leaves, other than those that it changes in place. */
  readonly #gradients: readonly LeafGradient[];
  readonly #loans = new Loans((storage) => this.#trace.owns(storage));
  /** What the next recording is compared with, if this one is not used. */
  readonly run: EarlierRun;
  /**
   * Whether the step did the same as in the run before: the same launches with the same numbers, and on no tensor from
   * outside that was made in between. Otherwise it depends on a host value that changes.
   */
  readonly steady: boolean;

  /** Runs the step and records it. */
  constructor(device: Backend, step: (...args: Arguments) => Result, args: Arguments, earlier: EarlierRun) {
    const start = tensorsMade();
    this.#device = device;
    this.#step = step;
    const given = collectTensors(args);
    this.#inputs = given.map(inputLike);
    let next = 0;
    this.#args = mapTensors(args, () => this.#inputs[next++]!);
    copyAll(given, this.#inputs);
    for (const input of this.#inputs) {
      this.#trace.adopts(input);
      this.#trace.adopts(input.storage);
    }
    const watch: GradientWatch<Leaf> = {
      seen: new Map(),
      touched: new Set(),
      replaced: new Set(),
    };
    this.#trace.guard(isGradEnabled);
    this.#trace.guard(autocastType);
    let result: Result | undefined;
    const launches: Noted[] = [];
    try {
      this.#recording = device.record!(() => {
        result = watchGradients(watch as GradientWatch<object>, () =>
          withRecorder(this.#trace, () => surveyed(launches, () => kept(() => step(...this.#args)))),
        );
        this.#trace.check();
      });
    } catch (error) {
      free([this.#inputs, result]);
      this.#trace.dispose();
      throw error;
    }
    const leaves = new Set([...watch.touched, ...watch.replaced]);
    this.#result = mapTensors(result as Result, (tensor) => this.#fixed(tensor, leaves));
    this.#gradients = [...watch.replaced].map(holdGradient);
    for (const [leaf, grad] of watch.seen) {
      this.#trace.guardValue(() => samePlace(placeOf(leaf.grad), grad), true);
    }
    this.#refuse(this.#survivor() ?? this.#changedArgument());
    this.#gradients.forEach((each) => this.#give(each));
    this.run = { launches, tensors: tensorsMade() };
    const isNew = (met: object): boolean =>
      met instanceof Tensor && met.serial >= earlier.tensors && met.serial < start;
    this.steady = sameLaunches(earlier.launches, launches) && ![...this.#trace.met].some(isNew);
  }

  /** Whether everything that the recording depends on is unchanged. */
  fits(device: Backend): boolean {
    return device === this.#device && this.#trace.fits();
  }

  /** @param given the tensors in the arguments */
  replay(given: readonly Tensor[]): Result {
    copyAll(given, this.#inputs);
    for (const { leaf } of this.#gradients) leaf.leaveHome();
    this.#trace.refresh();
    this.#loans.end();
    try {
      this.#recording.replay();
    } catch (error) {
      this.#trace.undo();
      throw error;
    }
    for (const gradient of this.#gradients) this.#give(gradient);
    return this.handles();
  }

  /** Handles on the results for the caller, in the current scope. The next replay ends those that it overwrites. */
  handles(): Result {
    return mapTensors(this.#result, (tensor) => {
      const handle = this.#loans.handle(tensor);
      sever(handle, tensor);
      return handle;
    });
  }

  /** Runs the step by replay, then again from the same state directly, and compares. */
  async verify(given: readonly Tensor[]): Promise<void> {
    const { written } = this.#recording;
    const buffers = written.map(({ buffer }) => buffer);
    const before = await readState(this.#device, buffers);
    const leaves = this.#gradients.map(({ leaf }) => holdGradient(leaf));
    free(this.replay(given));
    const replayed = [...(await readState(this.#device, buffers)), ...(await valuesOf(this.#result))];
    writeState(this.#device, buffers, before);
    for (const { leaf, home, grad } of leaves) {
      leaf.clear();
      leaf.grad = home ? home.take() : grad;
    }
    const again = withRecorder(this.#trace.rerun(), () => kept(() => this.#step(...this.#args)));
    const eager = [...(await readState(this.#device, buffers)), ...(await valuesOf(again))];
    free(again);
    compareBits(
      replayed,
      eager,
      written.map(({ kernel }) => kernel),
    );
  }

  dispose(): void {
    this.#loans.release();
    free([this.#inputs, this.#result]);
    for (const { grad } of this.#gradients) grad?.dispose();
    this.#trace.dispose();
    this.#recording.dispose();
  }

  /** Gives a leaf the recorded gradient. */
  #give({ leaf, home, grad }: LeafGradient): void {
    const present = leaf.grad;
    if (home) {
      if (present && home.holds(present)) return;
      leaf.clear();
      leaf.grad = home.take();
      return;
    }
    const own = grad && this.#loans.owns(grad);
    if (!own && present?.storage === grad?.storage) return;
    leaf.clear();
    leaf.grad = grad && unscoped(() => this.#loans.handle(grad));
  }

  /** A result that stays at the home of a gradient, where the replays write, when that gradient moves away. */
  #fixed(result: Tensor, leaves: ReadonlySet<Leaf>): Tensor {
    for (const { home } of leaves) {
      if (!home?.holds(result)) continue;
      const fixed = unscoped(() => new Tensor(home.lend(), result));
      this.#trace.adopts(fixed.storage);
      result.dispose();
      return fixed;
    }
    return result;
  }

  /**
   * A tensor that the step creates and that is neither returned nor a gradient: every replay would create it again.
   */
  #survivor(): string | undefined {
    const known = [...collectTensors(this.#result), ...this.#gradients.flatMap(({ grad }) => grad ?? [])];
    const [lost] = this.#recording.survivors(known.map(({ storage }) => storage.buffer));
    return (
      lost &&
      `capture: the step creates a tensor and keeps it (${bytesText(lost)}); every replay would overwrite it. Create it ` +
        'before the step, or return it.'
    );
  }

  /** An argument that the step changes in place: a replay would change the recording's copy. */
  #changedArgument(): string | undefined {
    const written = new Set(this.#recording.written.map(({ buffer }) => memoryIn(buffer)));
    const changed = this.#inputs.findIndex(({ storage }) => written.has(memoryIn(storage.buffer)));
    return changed < 0
      ? undefined
      : `capture: the step changes the argument ${describe(this.#inputs[changed]!)} in place, but it gets a copy. Refer ` +
          'to the tensor by name inside the step instead of passing it.';
  }

  #refuse(reason: string | undefined): void {
    if (reason === undefined) return;
    this.dispose();
    throw new CaptureError(reason);
  }
}

function bytesText({ length }: DeviceBuffer): string {
  return `a buffer of ${4 * length} bytes`;
}

function holdGradient(leaf: Leaf): LeafGradient {
  const { grad, home } = leaf;
  if (grad && home?.holds(grad)) return { leaf, home, grad: undefined };
  return { leaf, home: undefined, grad: grad?.alias(false) };
}

/** @throws CaptureError for a tensor that cannot be copied into a recording */
export function checkArgument(given: Tensor): void {
  const { dtype, requiresGrad } = given;
  if (requiresGrad || dtype === 'uint8' || dtype === 'float16') {
    throw new CaptureError(
      `capture: an argument is ${describe(given)}${requiresGrad ? ' and requires a gradient' : ''}; ` +
        'refer to parameters and data sets by name inside the step instead of passing them as arguments',
    );
  }
}

/** The recording's own tensor for a tensor argument. */
function inputLike(given: Tensor): Tensor {
  const { shape, dtype, device } = given;
  checkArgument(given);
  return unscoped(() => empty(shape, { dtype, device }));
}

/** Returns the result of `body` on handles that no scope frees, and frees its other tensors. */
function kept<T>(body: () => T): T {
  return scope(() => {
    const result = body();
    checkResult(result);
    return mapTensors(result, (tensor) => {
      const alias = tensor.alias(false);
      sever(alias, tensor);
      return alias;
    });
  });
}

function valuesOf(result: unknown): Promise<ArrayBufferView[]> {
  return Promise.all(collectTensors(result).map((tensor) => tensor.data()));
}

function free(value: unknown): void {
  for (const tensor of collectTensors(value)) tensor.dispose();
}
