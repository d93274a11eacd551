import './disposable.ts';
import type { Backend } from '../backend/backend.ts';
import type { DType, TypedArray } from '../backend/dtypes.ts';
import { isFloating } from '../backend/dtypes.ts';
import { CaptureError } from '../backend/errors.ts';
import { activeRecorder, effect, refuseInCapture } from '../backend/recorder.ts';
import { kindOf, signature, takesNothing } from './arguments.ts';
import { ArgumentError, DeviceError, FreedTensorError, GradientError, ShapeError } from './errors.ts';
import { addGradientHook, type HookHandle } from './gradientHooks.ts';
import { noteRead, noteReplaced } from './gradientWatch.ts';
import { disown, own, type Owned, tensorsAre, unscoped } from './scope.ts';
import {
  axisOf,
  extentOf,
  formatShape,
  isContiguous,
  sameShape,
  type Shape,
  sizeOf,
  type Strides,
  stridesOf,
} from './shape.ts';
import { Storage } from './storage.ts';

/** The destination of a tensor's gradient: the node that computed the tensor, or its leaf. */
export interface Source {
  retain(): this;
  release(): void;
}

/** A tensor that the user created with `requiresGrad`. Backward accumulates its gradient here. */
export class Leaf implements Source {
  #grad: Tensor | undefined;
  #handle: Tensor | undefined;
  /** The device of its tensor, and so of its gradient. */
  device: Backend;
  /** The place that an optimizer wants for the gradient, and owns. */
  home: GradientHome | undefined;
  /** Whether `requiresGrad` is off. A frozen leaf keeps its gradient and its home, and receives nothing. */
  frozen = false;
  /** Whether it belongs to a parameter of `nn` that no module has listed. */
  unlisted = false;
  #holders = 1;

  constructor(device: Backend) {
    this.device = device;
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders === 0) this.clear();
  }

  get grad(): Tensor | undefined {
    // A captured step guards the storage of the gradient, not the handle.
    if (this.#grad) activeRecorder()?.adopts(this.#grad);
    noteRead(this, this.#grad);
    return this.#grad;
  }

  /** Takes over the handle of a gradient. The caller frees the previous one. */
  set grad(grad: Tensor | undefined) {
    noteReplaced(this);
    this.#grad = grad;
    this.#handle = undefined;
  }

  /** The user's handle on the gradient. It is the same one until it is freed or the gradient is replaced. */
  get handle(): Tensor | undefined {
    const { grad } = this;
    if (!grad) return undefined;
    if (this.#handle) activeRecorder()?.adopts(this.#handle);
    if (!this.#handle || this.#handle.freed) this.#handle = grad.handle();
    return this.#handle;
  }

  /** Follows its tensor to a device, with a copy of the gradient. */
  moveTo(device: Backend, grad: Tensor | undefined): void {
    this.clear();
    this.grad = grad;
    this.device = device;
    this.home = undefined;
  }

  /** Notes an in-place change of the gradient, now and in every replay of the captured step. */
  changed(): void {
    effect(() => {
      if (this.#grad) this.#grad.storage.version++;
    });
  }

  /** Prepares for a replay that writes the next gradient to the home. */
  leaveHome(): void {
    if (!this.home) return;
    if (this.#grad && this.home.holds(this.#grad)) {
      if (!this.#grad.storage.shared) return;
      this.clear();
    }
    this.home.vacate();
  }

  /** Frees the gradient. */
  clear(): void {
    noteReplaced(this);
    this.#grad?.dispose();
    this.#grad = this.#handle = undefined;
  }
}

/** Memory that one gradient of a leaf after another takes. */
export interface GradientHome {
  /** Prepares the memory for the next gradient, which is written to the result. Earlier gradients in use move away. */
  vacate(): Tensor;
  /** Whether a gradient was written to the result of `vacate`. */
  isWritten(gradient: Tensor): boolean;
  /** The gradient that was written. */
  take(): Tensor;
  /** Whether it is the gradient that `take` returned last, or a view of it. */
  holds(gradient: Tensor): boolean;
  /** A storage that stays when gradients move away. */
  lend(): Storage;
}

/** Numbers in nested arrays, one level per axis. */
export type NestedArray = number | NestedArray[];

/** How a tensor reads its storage. */
export interface Layout {
  shape: Shape;
  strides: Strides;
  offset: number;
}

const sizeArguments = signature<{ dim?: number }>(
  'size',
  {},
  { dim: { takes: 'an integer', fits: Number.isSafeInteger } },
);
/** Receives the gradient of a tensor in backward. What it returns takes its place. */
export type GradientHook = (gradient: Tensor) => Tensor | null | undefined;

let made = 0;

/** The number of tensors made so far. */
export function tensorsMade(): number {
  return made;
}

// Releases the storage of a garbage-collected tensor that neither scope nor dispose has freed.
const collected = new FinalizationRegistry<Storage>((storage) => storage.release());

/**
 * An n-dimensional array on a device: a view (shape, strides, offset) of a storage that others may share.
 *
 * Operations make new tensors. Optimizers, `loadStateDict` and methods such as `add_` change them. `dispose` (also through
 * `using`) frees the memory, and so does the `scope` in which a tensor was created. Operations are methods: see `src/ops`.
 */
export class Tensor implements Owned, Disposable {
  /** Declared, because bundlers rename a class that refers to itself. */
  static readonly name: string = 'Tensor';
  /** The length of each axis. */
  readonly shape: Shape;
  /** The distance in elements between two indices of an axis, for each axis. */
  readonly strides: Strides;
  readonly dtype: DType;
  /** Grows with time. */
  readonly serial: number = made++;
  #device: Backend;
  #storage: Storage | undefined;
  #offset: number;
  #source: Source | undefined;
  #frozen: Leaf | undefined;
  #retained: Tensor | undefined;
  #retains = false;

  /** Takes over one hold on `storage` and one on `source`. */
  constructor(storage: Storage, layout: Layout, source?: Source) {
    if (!(storage instanceof Storage)) {
      throw new ArgumentError('Tensor', 'not a storage', {
        takes: 'tensor(data) makes a tensor',
        got: kindOf(storage),
      });
    }
    const { shape, strides, offset } = layout;
    this.shape = shape;
    this.strides = strides;
    this.#offset = offset - storage.base;
    this.dtype = storage.dtype;
    this.#device = storage.device;
    this.#storage = storage;
    this.#source = source;
    collected.register(this, storage, this);
    activeRecorder()?.adopts(this);
    own(this);
  }

  /** The storage; throws FreedTensorError after `dispose`. */
  get storage(): Storage {
    const storage = this.#storage;
    if (!storage) {
      throw new FreedTensorError(
        `A freed tensor ${describe(this)} was used: it was disposed, or its scope ended. Return it from the scope, ` +
          'or make it outside.',
      );
    }
    if (storage.result === 'overwritten') {
      throw new FreedTensorError(
        `A result of a captured step, ${describe(this)}, was used after a later call had overwritten it. Use clone() ` +
          'before that call to keep it.',
      );
    }
    if (activeRecorder()) this.#meet();
    return storage;
  }

  /** Guards the state of a tensor from outside in a captured step that uses it. */
  #meet(): void {
    const recorder = activeRecorder()!;
    if (!recorder.meets(this)) return;
    const [storage, offset, source] = [this.#storage, this.offset, this.source];
    const buffer = storage?.buffer;
    recorder.guard(
      () =>
        this.#storage === storage &&
        storage?.buffer === buffer &&
        this.offset === offset &&
        this.source === source,
    );
    if (storage?.result) {
      recorder.refuse(
        new CaptureError(
          `capture: the step reads a tensor ${describe(this)} that a captured step has returned; every replay would ` +
            'read this one result. Pass it as an argument, as in h = step(x, h), or clone() it if it stays the same.',
        ),
      );
    }
  }

  /** The device that holds the elements. */
  get device(): Backend {
    return this.#device;
  }

  /** The position of the first element in the storage's buffer, in elements. */
  get offset(): number {
    return this.#offset + (this.#storage?.base ?? 0);
  }

  /** Whether it was disposed or its scope has ended. */
  get freed(): boolean {
    if (activeRecorder()) this.#meet();
    return this.#storage === undefined;
  }

  /** The number of axes. */
  get ndim(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  numel(): number {
    takesNothing('numel', arguments);
    return sizeOf(this.shape);
  }

  /** The shape, or the length of one axis; a negative one counts from the end. */
  size(): Shape;
  size(dim: number): number;
  size(...dims: [dim?: number]): Shape | number {
    const { dim } = sizeArguments(dims);
    if (dim === undefined) return this.shape;
    return this.shape[axisOf('size', dim, this.ndim)] ?? 1;
  }

  /** Whether the elements are row-major without gaps. */
  isContiguous(): boolean {
    takesNothing('isContiguous', arguments);
    return isContiguous(this.shape, this.strides);
  }

  /** The destination of gradients; undefined for a tensor that needs none. */
  get source(): Source | undefined {
    if (activeRecorder()) this.#meet();
    return this.#source;
  }

  /** The leaf of a tensor that requires a gradient, or did before it was frozen; undefined for all others. */
  get leaf(): Leaf | undefined {
    if (activeRecorder()) this.#meet();
    return this.#source instanceof Leaf ? this.#source : this.#frozen;
  }

  /** Makes a recorded operation the source of this tensor, or nothing. */
  attach(source: Source | undefined): void {
    this.#source?.release();
    this.#source = source;
  }

  /** Whether gradients flow through this tensor: it is a leaf with `requiresGrad`, or a result of one. */
  get requiresGrad(): boolean {
    return this.source !== undefined;
  }

  /**
   * Turns gradient accumulation on or off. Only leaves of a floating dtype can be switched. A tensor that is switched off
   * keeps its gradient until `zeroGrad`, as in PyTorch.
   */
  set requiresGrad(wanted: boolean) {
    if (typeof wanted !== 'boolean') {
      throw new ArgumentError('requiresGrad', 'not a boolean', {
        takes: 'true or false',
        got: kindOf(wanted),
      });
    }
    if (wanted === this.requiresGrad) return;
    if (this.#source && !(this.#source instanceof Leaf)) {
      throw new GradientError(
        'requiresGrad: only leaves can be switched; use detach() for a result of operations',
      );
    }
    if (wanted && !isFloating(this.dtype)) {
      throw new GradientError(`requiresGrad: takes floating tensors, got ${describe(this)}`);
    }
    const leaf = this.leaf ?? new Leaf(this.#device);
    leaf.frozen = !wanted;
    [this.#source, this.#frozen] = wanted ? [leaf, undefined] : [undefined, leaf];
  }

  /** Whether the user created the tensor, not a recorded operation. */
  get isLeaf(): boolean {
    return !this.source || this.source instanceof Leaf;
  }

  /**
   * The accumulated gradient of a leaf, or null; that of a result after `retainGrad`. This is a handle that belongs to the current scope: freeing it does not
   * free the gradient.
   *
   * As in PyTorch, the handle and its views show what backward adds to the gradient, and keep their values after
   * `zeroGrad`.
   */
  get grad(): Tensor | null {
    return this.leaf?.handle ?? this.#retained ?? null;
  }

  /** Replaces the gradient of a leaf by a copy of another, to which the next backward adds; null frees it. */
  set grad(gradient: Tensor | null) {
    if (gradient === null) {
      this.zeroGrad();
      return;
    }
    const { leaf } = this;
    if (!leaf) {
      throw new GradientError('grad: takes a gradient for leaves with requiresGrad only');
    }
    checkGradient(this, gradient);
    const copy = unscoped(() => gradient.clone());
    leaf.clear();
    leaf.grad = copy;
  }

  /**
   * Calls `hook` with the gradient of this tensor in each backward. What it returns takes the place of the gradient.
   *
   * @throws GradientError if the tensor needs no gradient
   * @example
   * const handle = hidden.registerHook((gradient) => gradient.clamp(-1, 1));
   */
  registerHook(hook: GradientHook): HookHandle {
    if (typeof hook !== 'function' || arguments.length !== 1) {
      throw new ArgumentError('registerHook', 'not a hook', { takes: 'a function', got: kindOf(hook) });
    }
    return { remove: addGradientHook(this.#needed('registerHook'), hook) };
  }

  /**
   * Keeps the gradient of a result of operations in `grad` from the next backward on. A leaf does so anyway.
   *
   * @throws GradientError if the tensor needs no gradient
   */
  retainGrad(): void {
    takesNothing('retainGrad', arguments);
    const source = this.#needed('retainGrad');
    if (source instanceof Leaf || this.#retains) return;
    this.#retains = true;
    addGradientHook(source, (gradient: Tensor) => {
      const before = this.#retained;
      this.#retained = before ? unscoped(() => before.add(gradient)) : gradient;
    });
  }

  #needed(name: string): Source {
    if (this.source) return this.source;
    throw new GradientError(`${name}: ${describe(this)} needs no gradient`);
  }

  /** Drops the gradient. The next backward starts from zero. Handles on the old gradient keep its values. */
  zeroGrad(): void {
    takesNothing('zeroGrad', arguments);
    this.leaf?.clear();
    this.#retained?.dispose();
    this.#retained = undefined;
  }

  /** The same values without history. */
  detach(): Tensor {
    takesNothing('detach', arguments);
    return this.withLayout(this);
  }

  /** Another layout of the same storage, without history. */
  withLayout({ shape, strides, offset }: Layout): Tensor {
    return new Tensor(this.storage.retain(), { shape, strides, offset });
  }

  /** Another handle on the same tensor, with its history, in the current scope. */
  handle(): Tensor {
    return new Tensor(this.storage.retain(), this, this.#source?.retain());
  }

  /** Another handle on the same tensor that no scope frees. A `linked` handle also keeps the history alive. */
  alias(linked: boolean): Tensor {
    return unscoped(
      () => new Tensor(this.storage.retain(), this, linked ? this.#source?.retain() : undefined),
    );
  }

  /** Takes over one hold on another storage, with the same layout. Other tensors stay on the previous storage. */
  rebind(storage: Storage, offset: number): void {
    collected.unregister(this);
    this.storage.release();
    this.#storage = storage;
    this.#device = storage.device;
    this.#offset = offset - storage.base;
    collected.register(this, storage, this);
  }

  /** Frees this handle. The storage is released with its last tensor. Freeing twice is harmless. */
  dispose(): void {
    takesNothing('dispose', arguments);
    if (!this.#storage) return;
    disown(this);
    collected.unregister(this);
    this.#storage.release();
    this.#storage = undefined;
    this.#source?.release();
    this.#frozen?.release();
    this.#source = this.#frozen = undefined;
  }

  /** Called by `using`: disposes the tensor. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Reads the elements in row-major order; a `bool` tensor gives 0 and 1. Waits for the device. */
  data(): Promise<TypedArray> {
    takesNothing('data', arguments);
    refuseRead('data()');
    return this.read();
  }

  private async read(): Promise<TypedArray> {
    if (this.dtype === 'uint8' && !this.isContiguous()) return this.bytes();
    const dense = this.isContiguous() ? this.alias(false) : this.copied();
    try {
      return await this.device.read(dense.storage.buffer, dense.offset, this.numel());
    } finally {
      dense.dispose();
    }
  }

  /** Bytes are gathered on the host: no kernel writes single ones. */
  private async bytes(): Promise<TypedArray> {
    const { shape, strides, offset } = this;
    const { first, size } = extentOf(this);
    const whole = this.alias(false);
    try {
      const all = await this.device.read(whole.storage.buffer, first, size);
      const places = stridesOf(shape);
      return new Uint8Array(this.numel()).map((_, element) => {
        const at = (sum: number, step: number, axis: number): number =>
          sum + (Math.floor(element / places[axis]!) % shape[axis]!) * step;
        return all[strides.reduce(at, offset - first)]!;
      });
    } finally {
      whole.dispose();
    }
  }

  /**
   * Reads the value of a tensor with one element. Waits for the device.
   *
   * @throws ShapeError if the tensor has not exactly one element
   */
  item(): Promise<number> {
    takesNothing('item', arguments);
    refuseRead('item()');
    return this.single();
  }

  private async single(): Promise<number> {
    if (this.numel() !== 1) {
      throw new ShapeError('item', 'not one element', {
        takes: 'a tensor with one element',
        got: describe(this),
      });
    }
    return (await this.data())[0]!;
  }

  /** Reads the elements as nested arrays. Waits for the device. */
  toArray(): Promise<NestedArray> {
    takesNothing('toArray', arguments);
    refuseRead('toArray()');
    return this.nested();
  }

  private async nested(): Promise<NestedArray> {
    const data = await this.data();
    const nest = (axis: number, start: number, size: number): NestedArray => {
      if (axis === this.ndim) return data[start]!;
      const step = this.shape[axis]! === 0 ? 0 : size / this.shape[axis]!;
      return Array.from({ length: this.shape[axis]! }, (_, i) => nest(axis + 1, start + i * step, step));
    };
    return nest(0, 0, this.numel());
  }

  /** A tensor is no number: `loss > 3` and `total += loss` throw instead of comparing or joining its text. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new ArgumentError('Tensor', 'a tensor stands where a number is expected', {
      takes: 'a number: await tensor.item(), or a method such as add, gt or maximum',
      got: describe(this),
    });
  }

  /** For example `Tensor float32[2, 3] on webgpu, requires grad`. Does not read the elements. */
  toString(): string {
    return `Tensor ${describe(this)} on ${this.device.name}${this.requiresGrad ? ', requires grad' : ''}`;
  }

  private copied(): Tensor {
    return unscoped(() => {
      const view = this.detach();
      const copy = view.contiguous();
      view.dispose();
      return copy;
    });
  }
}

tensorsAre((value) => value instanceof Tensor);

// What console.log shows, in Node and in Deno.
for (const name of ['nodejs.util.inspect.custom', 'Deno.customInspect']) {
  Object.defineProperty(Tensor.prototype, Symbol.for(name), {
    value(this: Tensor): string {
      return this.toString();
    },
  });
}

/** Throws immediately instead of rejecting a promise, because a captured step cannot wait. */
function refuseRead(what: string): void {
  refuseInCapture(what, 'Return the tensor from the step, and read it there.');
}

/** Throws unless a gradient fits a leaf. */
function checkGradient(leaf: Tensor, gradient: Tensor): void {
  const takes = `a gradient like the tensor, ${describe(leaf)} on ${leaf.device.name}, or null`;
  if (!(gradient instanceof Tensor)) {
    throw new ArgumentError('grad', 'not a tensor', { takes, got: String(gradient) });
  }
  const got = `${describe(gradient)} on ${gradient.device.name}`;
  if (gradient.dtype !== leaf.dtype || !sameShape(gradient.shape, leaf.shape)) {
    throw new ShapeError('grad', 'the gradient has another shape or dtype', { takes, got });
  }
  if (gradient.device !== leaf.device) {
    throw new DeviceError('grad', 'the gradient is on another device', {
      takes: 'a gradient on the device of the tensor; copy it with toDevice(tensor.device)',
      got,
    });
  }
}

/** `float32[2, 3]`, the form in which error messages name tensors. */
export function describe({ dtype, shape }: { dtype: DType; shape: Shape }): string {
  return `${dtype}${formatShape(shape)}`;
}
