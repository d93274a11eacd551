import { WgradError } from '../backend/errors.ts';
import { effect, guard, live, outsideCapture, type Varying } from '../backend/recorder.ts';
import { copyInto } from '../tensor/dense.ts';
import { checkAlike } from '../tensor/checks.ts';
import { zeros } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { unscoped } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

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

  /**
   * @param groups lists of parameters that take separate steps; each list is contiguous
   * @throws ArgumentError for an empty list, a parameter named twice, or a tensor that never required a gradient
   */
  constructor(optimizer: string, groups: readonly (readonly Tensor[])[]) {
    const parameters = groups.flat();
    const stranger = parameters.find((parameter) => !parameter.leaf);
    if (parameters.length === 0 || stranger || new Set(parameters).size !== parameters.length) {
      throw new ArgumentError(optimizer, 'not a list of parameters', {
        takes: 'at least one parameter: distinct leaves with requiresGrad, or frozen since',
        got: stranger
          ? String(stranger)
          : `${parameters.length} parameters, ${new Set(parameters).size} of them distinct`,
      });
    }
    checkAlike(optimizer, ...parameters);
    const [{ dtype, device }] = parameters as [Tensor];
    this.parameters = parameters;
    this.steps = parameters.map(() => 0);
    this.#groups = groups.flatMap((group, index) => group.map(() => index));
    let size = 0;
    this.offsets = parameters.map((parameter) => (size += parameter.numel()) - parameter.numel());
    [this.values, this.gradients] = unscoped(() => [
      zeros([size], { dtype, device }),
      zeros([size], { dtype, device }),
    ]);
    parameters.forEach((parameter, index) => this.#adopt(parameter, this.offsets[index]!));
  }

  /**
   * A zeroed buffer like that of the parameters, for optimizer state; or of another size, to bind where nothing is
   * read.
   */
  companion(size: number = this.values.numel()): Tensor {
    const { dtype, device } = this.values;
    return outsideCapture(() => unscoped(() => zeros([size], { dtype, device })));
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
   * @throws WgradError if another optimizer has taken a parameter
   */
  advance(): Segment[] {
    const segments: Segment[] = [];
    this.parameters.forEach((parameter, index) => {
      // Reading the storage throws if the parameter has been freed.
      const { grad, storage } = parameter;
      if (!grad) return;
      if (storage !== this.values.storage) {
        throw new WgradError(
          'An optimizer lost a parameter: a newer optimizer or to() took it. Use one optimizer per parameter.',
        );
      }
      this.#bringGradient(grad, index);
      const size = parameter.numel();
      const last = segments.at(-1);
      const offset = this.offsets[index]!;
      const group = this.#groups[index]!;
      const joins =
        last?.group === group &&
        last.offset + last.size === offset &&
        this.steps[last.first] === this.steps[index];
      if (joins) {
        last.size += size;
        last.count++;
      } else segments.push({ offset, size, group, first: index, count: 1 });
    });
    guard(() => segments.every((segment) => this.#isEven(segment)));
    effect(() => this.#count(segments));
    return segments;
  }

  /** Whether the parameters of a segment have taken the same number of steps. */
  #isEven({ first, count }: Segment): boolean {
    for (let index = first + 1; index < first + count; index++) {
      if (this.steps[index] !== this.steps[first]) return false;
    }
    return true;
  }

  #count(segments: readonly Segment[]): void {
    for (const { first, count } of segments) {
      for (let index = first; index < first + count; index++) this.steps[index]!++;
    }
    this.values.storage.version++;
  }

  /** Frees all gradients. The next backward starts from zero. */
  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.zeroGrad();
  }

  /** Lets go of the buffers. They live on as long as a parameter or a gradient is in them. */
  dispose(): void {
    for (const { leaf } of this.parameters) {
      if (leaf?.home?.storage !== this.gradients.storage) continue;
      leaf.home.dispose();
      leaf.home = undefined;
    }
    this.values.dispose();
    this.gradients.dispose();
  }

  /** Moves a parameter into the flat buffer, and sets the destination of its gradient in the other. */
  #adopt(parameter: Tensor, offset: number): void {
    if (!parameter.isContiguous()) {
      throw new ArgumentError('optimizer', 'a parameter is a strided view', {
        takes: 'contiguous parameters',
        got: String(parameter),
      });
    }
    const { shape, strides } = parameter;
    copyInto(parameter, this.values, { shape, strides, offset });
    parameter.rebind(this.values.storage.retain(), offset);
    const leaf = parameter.leaf!;
    leaf.home?.dispose();
    leaf.home = unscoped(() => this.gradients.withLayout({ shape, strides, offset }));
  }

  /**
   * Gradients are usually written to their destination. Only those of a recorded backward, or set by hand, must be
   * copied.
   */
  #bringGradient(gradient: Tensor, index: number): void {
    if (gradient.storage === this.gradients.storage) return;
    copyInto(gradient, this.gradients, this.part(this.gradients, index));
  }
}
