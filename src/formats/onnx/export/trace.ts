import type { DType } from '../../../backend/dtypes.ts';
import type { AnyModule } from '../../../nn/index.ts';
import { isPlainObject } from '../../../tensor/arguments.ts';
import { noGrad } from '../../../tensor/gradientMode.ts';
import { scope } from '../../../tensor/scope.ts';
import { sameShape, type Shape } from '../../../tensor/shape.ts';
import type { Storage } from '../../../tensor/storage.ts';
import { listening, type Operation } from '../../../tensor/tape.ts';
import { Tensor } from '../../../tensor/tensor.ts';
import { OnnxError } from '../error.ts';

/** A tensor of a forward pass. */
export interface Value {
  /** Its position in the order in which the pass meets values: equal in two passes of one model. */
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;
  /** A handle on a tensor that no operation of the pass computed: a parameter, a buffer or a constant. */
  readonly constant: Tensor | undefined;
}

/** One operation of a forward pass. */
export interface Step {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** What else the result depends on, with values in place of tensors. */
  readonly facts: unknown;
}

/** The operations of one forward pass, in order. */
export interface Trace {
  readonly inputs: readonly Value[];
  readonly steps: readonly Step[];
  readonly outputs: readonly Value[];
}

/**
 * Records a forward pass without gradients.
 *
 * Tensors that read one storage in one layout are one value, so that detached tensors and views that change nothing keep their
 * history.
 */
export function trace(model: AnyModule, inputs: readonly Tensor[]): Trace {
  const known = new Map<Storage, { tensor: Layout; value: Value; version: number }[]>();
  const steps: Step[] = [];
  let count = 0;

  const find = (tensor: Tensor): Value | undefined => {
    const entry = known.get(tensor.storage)?.find((each) => isSame(each.tensor, tensor));
    if (entry && entry.version !== tensor.storage.version) {
      throw new OnnxError(
        `exportOnnx: the forward pass changes ${String(tensor)} in place; use operations that make new tensors, such as add instead of add_`,
      );
    }
    return entry?.value;
  };
  const add = (tensor: Tensor, constant: Tensor | undefined): Value => {
    const { shape, strides, offset, dtype, storage } = tensor;
    const value = { id: count++, shape, dtype, constant };
    const entry = { tensor: { shape, strides, offset }, value, version: storage.version };
    const entries = known.get(storage);
    if (entries) entries.push(entry);
    else known.set(storage, [entry]);
    return value;
  };
  const valueOf = (tensor: Tensor): Value => find(tensor) ?? add(tensor, tensor.alias(false));
  const listen = ({ name, output, inputs: from, facts }: Operation): void => {
    // The result of an operation that consists of others is known, and so is a view that changes nothing.
    if (find(output)) return;
    const operands = from.map(valueOf);
    const named = isPlainObject(facts)
      ? Object.fromEntries(
          Object.entries(facts).map(([key, each]: [string, unknown]) => [
            key,
            each instanceof Tensor ? valueOf(each) : each,
          ]),
        )
      : facts;
    steps.push({ name, inputs: operands, output: add(output, undefined), facts: named });
  };

  const given = inputs.map((each) => add(each, undefined));
  let outputs: readonly Value[] = [];
  scope(() => {
    noGrad(() => {
      const result: unknown = listening(listen, () => model.forward(...(inputs as never[])));
      outputs = tensorsIn(result).map(valueOf);
    });
  });
  return { inputs: given, steps, outputs };
}

interface Layout {
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;
}

function isSame(a: Layout, b: Layout): boolean {
  return a.offset === b.offset && sameShape(a.shape, b.shape) && sameShape(a.strides, b.strides);
}

/** The results of a forward pass: one tensor, or several in an array or an object. */
function tensorsIn(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result];
  const found = typeof result === 'object' && result !== null ? Object.values(result).flatMap(tensorsIn) : [];
  if (found.length === 0) throw new OnnxError('exportOnnx: the forward pass returns no tensor');
  return found;
}
