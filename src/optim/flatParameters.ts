import { WgradError } from '../backend/errors.ts';
import { effect, guard, live, outsideCapture, type Varying } from '../backend/recorder.ts';
import { copyInto } from '../tensor/dense.ts';
import { checkAlike } from '../tensor/checks.ts';
import { full, zeros } from '../tensor/create.ts';
import { ArgumentError, DeviceError } from '../tensor/errors.ts';
import { GradientRange } from '../tensor/gradientRange.ts';
import { scope, unscoped } from '../tensor/scope.ts';
import type { Storage } from '../tensor/storage.ts';
import type { Leaf, Tensor } from '../tensor/tensor.ts';

/** Adjacent parameters that take the same step together. */
export interface Segment {
  offset: number;
  size: number;
  /** The index of their group. */
  group: number;
  /** The position of the first parameter. */
  first: number;
  /** The number of parameters. */
  count: number;
}

/**
 * Moves the parameters of an optimizer into one flat buffer and their gradients into another, so that a step over all
 * of them is one launch.
 */
export class FlatParameters {
  readonly parameters: readonly Tensor[];
  readonly values: Tensor;
  readonly gradients: Tensor;
  readonly offsets: readonly number[];
  readonly steps: number[];
  /** The group of each parameter. */
  readonly #groups: readonly number[];
  readonly #optimizer: string;
  /** Where the gradients of the parameters lie, in order. */
  readonly #homes: readonly GradientRange[];

  /**
   * @param groups lists of parameters that take separate steps; each list is contiguous
   * @param before the same without groups at the end: the parameters keep their step counts
   * @throws ArgumentError for an empty list, a parameter named twice, a tensor that never required a gradient, or one
   *   that is a part of memory that other tensors share
   */
  constructor(optimizer: string, groups: readonly (readonly Tensor[])[], before?: FlatParameters) {
    const parameters = groups.flat();
    // Reading the storage of a freed tensor, which has no leaf either, throws.
    const stranger = parameters.find((parameter) => !parameter.leaf && parameter.storage);
    if (parameters.length === 0 || stranger || new Set(parameters).size !== parameters.length) {
      throw new ArgumentError(optimizer, 'not a list of parameters', {
        takes: 'at least one parameter: distinct leaves with requiresGrad, or frozen since',
        got: stranger
          ? String(stranger)
          : `${parameters.length} parameters, ${new Set(parameters).size} of them distinct`,
      });
    }
    checkAlike(optimizer, ...parameters);
    checkMovable(optimizer, parameters);
    const [{ dtype, device }] = parameters as [Tensor];
    this.#optimizer = optimizer;
    this.parameters = parameters;
    this.steps = parameters.map((_, index) => before?.steps[index] ?? 0);
    this.#groups = groups.flatMap((group, index) => group.map(() => index));
    let size = 0;
    this.offsets = parameters.map((parameter) => (size += parameter.numel()) - parameter.numel());
    [this.values, this.gradients] = unscoped(() => [
      zeros([size], { dtype, device }),
      zeros([size], { dtype, device }),
    ]);
    this.#homes = parameters.map(
      (_, index) => new GradientRange(unscoped(() => this.part(this.gradients, index))),
    );
    parameters.forEach((parameter, index) => this.#adopt(parameter, index));
  }

  /**
   * A zeroed buffer like that of the parameters, for optimizer state; or of another size, to bind where nothing is
   * read.
   */
  companion(size: number = this.values.numel()): Tensor {
    const { dtype, device } = this.values;
    return outsideCapture(() => unscoped(() => zeros([size], { dtype, device })));
  }

  /** Sets the elements of a companion, which is zero, to the numbers of their groups. */
  fill(companion: Tensor, numbers: readonly number[]): void {
    const { dtype, device } = companion;
    numbers.forEach((number, group) => {
      const members = this.parameters.filter((_, index) => this.#groups[index] === group);
      const size = members.reduce((sum, each) => sum + each.numel(), 0);
      if (number === 0 || size === 0) return;
      const offset = this.offsets[this.#groups.indexOf(group)]!;
      outsideCapture(() =>
        scope(() =>
          copyInto(full([], number, { dtype, device }), companion, { shape: [size], strides: [1], offset }),
        ),
      );
    });
  }

  /** The part of a companion that belongs to one parameter, as a view. */
  part(companion: Tensor, index: number): Tensor {
    const { shape, strides } = this.parameters[index]!;
    return companion.withLayout({ shape, strides, offset: this.offsets[index]! });
  }

  /** A number that depends on the step count of a segment's parameters, including the current step. */
  perStep({ first }: Segment, read: (step: number) => number): Varying {
    return live(() => read(this.steps[first]!));
  }

  /**
   * Counts a step of every parameter that has a gradient, and returns them as the fewest segments: one per group if all
   * have gradients.
   *
   * @throws WgradError if another optimizer has taken a parameter, DeviceError if it is on another device
   */
  advance(): Segment[] {
    const segments: Segment[] = [];
    this.parameters.forEach((parameter, index) => {
      // Reading the storage throws if the parameter has been freed.
      const { leaf, storage } = parameter;
      if (!leaf?.grad) return;
      if (storage.buffer !== this.values.storage.buffer) this.#reclaim(parameter, index);
      this.#bringGradient(leaf, index);
      const size = parameter.numel();
      const last = segments.at(-1);
      const offset = this.offsets[index]!;
      const group = this.#groups[index]!;
      const joins =
        last?.group === group &&
        last.first + last.count === index &&
        this.steps[last.first] === this.steps[index];
      if (joins) {
        last.size += size;
        last.count++;
      } else segments.push({ offset, size, group, first: index, count: 1 });
    });
    guard(() => segments.every((segment) => this.#isEven(segment)));
    effect(
      () => this.#count(segments, 1),
      () => this.#count(segments, -1),
    );
    return segments;
  }

  /** Whether the parameters of a segment have taken the same number of steps. */
  #isEven({ first, count }: Segment): boolean {
    for (let index = first + 1; index < first + count; index++) {
      if (this.steps[index] !== this.steps[first]) return false;
    }
    return true;
  }

  #count(segments: readonly Segment[], steps: number): void {
    for (const { first, count } of segments) {
      for (let index = first; index < first + count; index++) {
        this.steps[index]! += steps;
        this.parameters[index]!.storage.version++;
      }
    }
  }

  /** Frees all gradients. The next backward starts from zero. */
  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.zeroGrad();
  }

  /** Lets go of the buffers. They live on as long as a parameter or a gradient is in them. */
  dispose(): void {
    for (const [index, { leaf }] of this.parameters.entries()) {
      const home = this.#homes[index]!;
      if (leaf?.home === home) leaf.home = undefined;
      home.dispose();
    }
    this.values.dispose();
    this.gradients.dispose();
  }

  /** Brings a parameter back that `to()` has taken away and returned. Refuses any other that has left. */
  #reclaim(parameter: Tensor, index: number): void {
    const { device } = this.values;
    if (parameter.device !== device) {
      throw new DeviceError(this.#optimizer, 'a parameter has moved to another device', {
        takes: `parameters on ${device.name}; make a new optimizer after to(device)`,
        got: String(parameter),
      });
    }
    if (parameter.leaf!.home) {
      throw new WgradError(
        `${this.#optimizer} lost a parameter to a newer optimizer. Use one optimizer per parameter; a new one takes the ` +
          'state of an old one with loadStateDict.',
      );
    }
    checkMovable(this.#optimizer, [parameter]);
    outsideCapture(() => this.#adopt(parameter, index));
  }

  /** Moves a parameter, with its views, into the flat buffer, and makes a home for its gradient in the other. */
  #adopt(parameter: Tensor, index: number): void {
    const offset = this.offsets[index]!;
    const { shape, strides, storage } = parameter;
    const size = parameter.numel();
    if (storage.length === size) storage.moveInto(this.values.storage, offset);
    else {
      copyInto(parameter, this.values, { shape, strides, offset });
      parameter.rebind(this.values.storage.part(offset, size), offset);
    }
    parameter.leaf!.home = this.#homes[index];
  }

  /**
   * Gradients are usually written to their home. Only those of a recorded backward, or set by hand, must be copied.
   */
  #bringGradient(leaf: Leaf, index: number): void {
    const home = this.#homes[index]!;
    leaf.home = home;
    if (!home.holds(leaf.grad!)) copyInto(leaf.grad!, home.vacate());
  }
}

/** Throws ArgumentError unless parameters can move into a flat buffer with all tensors that share their memory. */
function checkMovable(optimizer: string, parameters: readonly Tensor[]): void {
  const strided = parameters.find((parameter) => !parameter.isContiguous());
  if (strided) {
    throw new ArgumentError(optimizer, 'a parameter is a strided view', {
      takes: 'contiguous parameters',
      got: String(strided),
    });
  }
  const storages = new Set<Storage>();
  for (const parameter of parameters) {
    const { storage } = parameter;
    if (storages.has(storage) || (storage.shared && storage.length !== parameter.numel())) {
      throw new ArgumentError(optimizer, 'a parameter is a part of memory that other tensors share', {
        takes: 'parameters with memory of their own: clone() the part, then set requiresGrad',
        got: String(parameter),
      });
    }
    storages.add(storage);
  }
}
