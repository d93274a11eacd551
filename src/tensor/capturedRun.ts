import type { Backend, DeviceBuffer, Recording } from '../backend/backend.ts';
import { CaptureError } from '../backend/errors.ts';
import { HostTrace, withRecorder } from '../backend/recorder.ts';
import { compareBits, readState, writeState } from './captureState.ts';
import { autocastType } from './autocast.ts';
import { empty } from './create.ts';
import { isGradEnabled } from './gradientMode.ts';
import { type GradientWatch, watchGradients } from './gradientWatch.ts';
import { scope, unscoped } from './scope.ts';
import { describe, type Leaf, Tensor } from './tensor.ts';

/**
 * An argument of a captured step: a tensor, whose contents may change, or a plain value, of which each gets its own
 * recording.
 */
export type CaptureArgument = Tensor | number | string | boolean | null | undefined;

/** A leaf and a handle on its gradient, if it has one. */
interface LeafGradient {
  leaf: Leaf;
  grad: Tensor | undefined;
}

/** One recording of a captured step, with the host state that a replay needs. */
export class CapturedRun<Arguments extends readonly CaptureArgument[], Result> {
  readonly #device: Backend;
  readonly #step: (...args: Arguments) => Result;
  readonly #trace = new HostTrace();
  readonly #recording: Recording;
  /** The recording's own tensors that replace the arguments. */
  readonly #inputs: Arguments;
  /** The result of the step. Its tensors live as long as the recording. */
  readonly #result: Result;
  /** The gradients that the step leaves. */
  readonly #gradients: readonly LeafGradient[];

  /** Runs the step and records it. */
  constructor(device: Backend, step: (...args: Arguments) => Result, args: Arguments) {
    this.#device = device;
    this.#step = step;
    this.#inputs = args.map(inputLike) as unknown as Arguments;
    fill(this.#inputs, args);
    const watch: GradientWatch<Leaf> = { seen: new Map(), touched: new Set() };
    this.#trace.guard(isGradEnabled);
    this.#trace.guard(autocastType);
    let result: Result | undefined;
    try {
      this.#recording = device.record!(() => {
        result = watchGradients(watch as GradientWatch<object>, () =>
          withRecorder(this.#trace, () => kept(() => step(...this.#inputs))),
        );
        this.#trace.check();
      });
    } catch (error) {
      free(this.#inputs);
      free(result);
      throw error;
    }
    this.#result = result as Result;
    this.#gradients = [...watch.touched].map(holdGradient);
    for (const [leaf, storage] of watch.seen) this.#trace.guardValue(() => leaf.grad?.storage, storage);
    this.#refuseSurvivors();
  }

  /** Whether everything that the recording depends on is unchanged. */
  fits(): boolean {
    return this.#trace.fits();
  }

  replay(args: Arguments): Result {
    fill(this.#inputs, args);
    this.#trace.refresh();
    this.#recording.replay();
    this.#gradients.forEach(giveGradient);
    return this.handles();
  }

  /** Handles on the results for the caller, in the current scope. */
  handles(): Result {
    return mapTensors(this.#result, (tensor) => tensor.detach());
  }

  /** Runs the step by replay, then again from the same state directly, and compares. */
  async verify(args: Arguments): Promise<void> {
    const { written } = this.#recording;
    const buffers = written.map(({ buffer }) => buffer);
    const before = await readState(this.#device, buffers);
    const leaves = this.#gradients.map(({ leaf }) => holdGradient(leaf));
    free(this.replay(args));
    const replayed = [...(await readState(this.#device, buffers)), ...(await valuesOf(this.#result))];
    writeState(this.#device, buffers, before);
    leaves.forEach(giveGradient);
    for (const { grad } of leaves) grad?.dispose();
    const again = withRecorder(this.#trace.rerun(), () => kept(() => this.#step(...this.#inputs)));
    const eager = [...(await readState(this.#device, buffers)), ...(await valuesOf(again))];
    free(again);
    compareBits(
      replayed,
      eager,
      written.map(({ kernel }) => kernel),
    );
  }

  dispose(): void {
    free(this.#inputs);
    free(this.#result);
    for (const { grad } of this.#gradients) grad?.dispose();
    this.#recording.dispose();
  }

  /**
   * Rejects tensors that the step created and that are neither returned nor gradients: every replay would create them
   * again.
   */
  #refuseSurvivors(): void {
    const known = [...tensorsIn(this.#result), ...this.#gradients.flatMap(({ grad }) => grad ?? [])];
    const [lost] = this.#recording.survivors(known.map(({ storage }) => storage.buffer));
    if (!lost) return;
    this.dispose();
    throw new CaptureError(
      `capture: the step creates a tensor and keeps it (${bytesText(lost)}); every replay would overwrite it. Create it ` +
        'before the step, or return it.',
    );
  }
}

function bytesText({ length }: DeviceBuffer): string {
  return `a buffer of ${4 * length} bytes`;
}

function holdGradient(leaf: Leaf): LeafGradient {
  return { leaf, grad: leaf.grad?.alias(false) };
}

/** Gives a leaf the recorded gradient. */
function giveGradient({ leaf, grad }: LeafGradient): void {
  if (leaf.grad?.storage === grad?.storage) return;
  leaf.clear();
  leaf.grad = grad?.alias(false);
}

/** The recording's own tensor for a tensor argument. */
function inputLike(argument: CaptureArgument, index: number): CaptureArgument {
  if (!(argument instanceof Tensor)) return argument;
  if (argument.requiresGrad || ['uint8', 'float16'].includes(argument.dtype)) {
    throw new CaptureError(
      `capture: argument ${index} is ${describe(argument)}${argument.requiresGrad ? ' and requires a gradient' : ''}; ` +
        'refer to parameters and data sets by name inside the step instead of passing them as arguments',
    );
  }
  return unscoped(() => empty(argument.shape, { dtype: argument.dtype, device: argument.device }));
}

/** Copies the arguments into the recording's own tensors. */
function fill(inputs: readonly CaptureArgument[], args: readonly CaptureArgument[]): void {
  inputs.forEach((input, index) => {
    const given = args[index];
    if (!(input instanceof Tensor && given instanceof Tensor) || input.numel() === 0) return;
    scope(() => {
      const dense = given.contiguous();
      const size = input.numel();
      const layout = { shape: [1, 1, 1, size], xStrides: [0, 0, 0, 1], outStrides: [0, 0, 0, 1] } as const;
      input.device.run(
        'copy',
        { x: dense.storage.buffer, out: input.storage.buffer },
        { size, xOffset: dense.offset, outOffset: input.offset, ...layout },
        { RANK: 1 },
      );
    });
  });
}

/** Returns the result of `body` on handles that no scope frees, and frees its other tensors. */
function kept<T>(body: () => T): T {
  return scope(() => mapTensors(body(), (tensor) => tensor.alias(false)));
}

/** A copy of a result with each tensor replaced. */
function mapTensors<T>(value: T, map: (tensor: Tensor) => Tensor): T {
  if (value === undefined || value === null) return value;
  if (value instanceof Tensor) return map(value) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => mapTensors(each, map)) as T;
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTensors(each, map)])) as T;
  }
  throw new CaptureError(
    `capture: the step returns ${typeof value === 'object' ? 'an object of a class' : `${typeof value} ${String(value)}`}, ` +
      'which would be frozen. Return tensors, lists or plain objects of them, or nothing.',
  );
}

function tensorsIn(result: unknown): Tensor[] {
  const tensors: Tensor[] = [];
  mapTensors(result, (tensor) => {
    tensors.push(tensor);
    return tensor;
  });
  return tensors;
}

function valuesOf(result: unknown): Promise<ArrayBufferView[]> {
  return Promise.all(tensorsIn(result).map((tensor) => tensor.data()));
}

/** Frees the tensors in arguments or in a result. */
function free(value: unknown): void {
  const tensors = Array.isArray(value) ? value.filter((each) => each instanceof Tensor) : tensorsIn(value);
  for (const tensor of tensors) tensor.dispose();
}
