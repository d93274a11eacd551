import type { Backend } from '../backend/backend.ts';
import type { DType, TypedArray } from '../backend/dtypes.ts';
import { isFloating } from '../backend/dtypes.ts';
import { refuseInCapture } from '../backend/recorder.ts';
import { FreedTensorError, GradientError, ShapeError } from './errors.ts';
import { noteRead, noteReplaced } from './gradientWatch.ts';
import { disown, own, type Owned, unscoped } from './scope.ts';
import { formatShape, isContiguous, type Shape, sizeOf, type Strides } from './shape.ts';
import type { Storage } from './storage.ts';

/** Where gradients of a tensor go: the node that made it, or the leaf that it is. */
export interface Source {
  retain(): this;
  release(): void;
}

/** A tensor that the user made with `requiresGrad`: backward accumulates its gradient here. */
export class Leaf implements Source {
  #grad: Tensor | undefined;
  /** Where an optimizer wants the gradient: a part of its flat buffer. */
  home: Tensor | undefined;
  #holders = 1;

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders > 0) return;
    this.clear();
    this.home?.dispose();
  }

  get grad(): Tensor | undefined {
    noteRead(this, this.#grad?.storage);
    return this.#grad;
  }

  /** Takes over the hold on a gradient; the one before is the caller's to free. */
  set grad(grad: Tensor | undefined) {
    noteReplaced(this);
    this.#grad = grad;
  }

  /** Frees the gradient. */
  clear(): void {
    noteReplaced(this);
    this.#grad?.dispose();
    this.#grad = undefined;
  }
}

/** Nested arrays of numbers, as deep as a tensor has axes. */
export type NestedArray = number | NestedArray[];

/** How a tensor reads its storage. */
export interface Layout {
  shape: Shape;
  strides: Strides;
  offset: number;
}

// The handle of a collected tensor lets go of its storage: a safety net for what neither scope nor dispose freed.
const collected = new FinalizationRegistry<Storage>((storage) => storage.release());

/**
 * An n-dimensional array on a device: a view (shape, strides, offset) of a storage that others may share.
 *
 * Tensors are immutable but for optimizers and `loadStateDict`. Memory is freed by `dispose` (also through
 * `using`), or by the `scope` in which a tensor was made. Operations are methods: see `src/ops`.
 */
export class Tensor implements Owned, Disposable {
  /** The length of each axis. */
  readonly shape: Shape;
  /** Elements in the storage from one index of an axis to the next. */
  readonly strides: Strides;
  readonly dtype: DType;
  #device: Backend;
  #storage: Storage | undefined;
  #offset: number;
  #source: Source | undefined;

  /** Takes over one hold on `storage`, and one on `source`. */
  constructor(storage: Storage, { shape, strides, offset }: Layout, source?: Source) {
    this.shape = shape;
    this.strides = strides;
    this.#offset = offset;
    this.dtype = storage.buffer.dtype;
    this.#device = storage.device;
    this.#storage = storage;
    this.#source = source;
    collected.register(this, storage, this);
    own(this);
  }

  /** The storage viewed; throws FreedTensorError after `dispose`. */
  get storage(): Storage {
    if (!this.#storage) {
      throw new FreedTensorError(
        `A freed tensor ${describe(this)} was used: it was disposed, or its scope ended. Return it from the scope, ` +
          'or make it outside.',
      );
    }
    return this.#storage;
  }

  /** Where the elements lie. */
  get device(): Backend {
    return this.#device;
  }

  /** Where the first element lies in the storage, in elements. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether it was disposed, or its scope has ended. */
  get freed(): boolean {
    return this.#storage === undefined;
  }

  /** The number of axes. */
  get ndim(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  numel(): number {
    return sizeOf(this.shape);
  }

  /** Whether the elements lie row-major without gaps. */
  isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  /** Where gradients go; undefined for a tensor that needs none. */
  get source(): Source | undefined {
    return this.#source;
  }

  /** Makes a recorded operation the source of this, its output. */
  attach(source: Source): void {
    this.#source = source;
  }

  /** Whether gradients flow through it: a leaf that wants one, or a result of such. */
  get requiresGrad(): boolean {
    return this.#source !== undefined;
  }

  /** Turns gradient accumulation on or off; only leaves of a floating dtype can be switched. */
  set requiresGrad(wanted: boolean) {
    if (wanted === this.requiresGrad) return;
    if (this.#source && !(this.#source instanceof Leaf)) {
      throw new GradientError(
        'requiresGrad: only leaves can be switched; use detach() for a result of operations',
      );
    }
    if (wanted && !isFloating(this.dtype)) {
      throw new GradientError(`requiresGrad: takes floating tensors, got ${describe(this)}`);
    }
    this.#source?.release();
    this.#source = wanted ? new Leaf() : undefined;
  }

  /** Whether the user made it, rather than a recorded operation. */
  get isLeaf(): boolean {
    return !this.#source || this.#source instanceof Leaf;
  }

  /** The accumulated gradient of a leaf, or null. */
  get grad(): Tensor | null {
    return this.#source instanceof Leaf ? (this.#source.grad ?? null) : null;
  }

  /** Frees the gradient: the next backward starts from nothing. */
  zeroGrad(): void {
    if (this.#source instanceof Leaf) this.#source.clear();
  }

  /** The same values without a history. */
  detach(): Tensor {
    return this.view(this);
  }

  /** Another layout of the same storage, without a history. */
  view({ shape, strides, offset }: Layout): Tensor {
    return new Tensor(this.storage.retain(), { shape, strides, offset });
  }

  /** Another handle on the same tensor that no scope frees; `linked` ones keep its history alive too. */
  alias(linked: boolean): Tensor {
    return unscoped(
      () => new Tensor(this.storage.retain(), this, linked ? this.#source?.retain() : undefined),
    );
  }

  /** Takes another home of the same layout, for parameters that move into a flat buffer or to a device. */
  rebind(storage: Storage, offset: number): void {
    collected.unregister(this);
    this.storage.release();
    this.#storage = storage;
    this.#device = storage.device;
    this.#offset = offset;
    collected.register(this, storage, this);
  }

  /** Frees this handle: the storage goes when no other tensor views it. Freeing twice is harmless. */
  dispose(): void {
    if (!this.#storage) return;
    disown(this);
    collected.unregister(this);
    this.#storage.release();
    this.#storage = undefined;
    this.#source?.release();
    this.#source = undefined;
  }

  /** What `using` calls: `dispose`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The elements in row-major order; a `bool` tensor gives 0 and 1. Waits for the device. */
  data(): Promise<TypedArray> {
    refuseRead('data()');
    return this.read();
  }

  private async read(): Promise<TypedArray> {
    const dense = this.isContiguous() ? this.alias(false) : this.copied();
    try {
      return await this.device.read(dense.storage.buffer, dense.offset, this.numel());
    } finally {
      dense.dispose();
    }
  }

  /** The value of a tensor with one element. */
  item(): Promise<number> {
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

  /** The elements as nested arrays. */
  toArray(): Promise<NestedArray> {
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

  /** Such as `Tensor float32[2, 3] on webgpu, requires grad`; the elements are not read. */
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

/** Thrown at once, not by the promise, which a step has no way to wait for. */
function refuseRead(what: string): void {
  refuseInCapture(what, 'Return the tensor from the step, and read it there.');
}

/** `float32[2, 3]`, as error messages name tensors. */
export function describe({ dtype, shape }: { dtype: DType; shape: Shape }): string {
  return `${dtype}${formatShape(shape)}`;
}
