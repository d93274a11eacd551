import { isFloating } from '../backend/dtypes.ts';
import { cat } from '../ops/cat.ts';
import { slice } from '../ops/slice.ts';
import { flatten, reshape } from '../ops/views.ts';
import { FUNCTION, kindOf, signature } from '../tensor/arguments.ts';
import { autocast, autocastType } from '../tensor/autocast.ts';
import { gradientsAt } from '../tensor/backward.ts';
import { ArgumentError, GradientError } from '../tensor/errors.ts';
import { isGradEnabled, noGrad, withGradEnabled } from '../tensor/gradientMode.ts';
import { type Draw, notingDraws, repeatingDraws } from '../tensor/random.ts';
import { recomputing } from '../tensor/recompute.ts';
import { scope } from '../tensor/scope.ts';
import { listening, Node } from '../tensor/tape.ts';
import { describe, type Source, Tensor, tensorsMade } from '../tensor/tensor.ts';

const takes = signature('checkpoint', { fn: FUNCTION });

/** What a checkpointed function returns. */
export type CheckpointResult = Tensor | readonly Tensor[];

/**
 * Computes `fn(...args)` and keeps none of its intermediate tensors for backward. Backward runs the function again instead:
 * less memory for more time. A chain of n layers in √n checkpoints needs memory for about 2 √n layers.
 *
 * The second run draws the same random numbers and uses the same `autocast`. It does not update the running statistics of
 * batch norm again. Tensors from outside that the function uses, such as the parameters of a module, get their gradients as
 * ever. Second derivatives are right; they keep what the second run computes.
 *
 * Source: Chen et al.: Training deep nets with sublinear memory cost (2016); PyTorch's torch.utils.checkpoint.
 *
 * @param fn a synchronous function that does the same each time; it returns a tensor, or a list of tensors of one dtype
 * @param args its arguments, of any kind
 * @throws ArgumentError if the function returns something else, GradientError if it changes a tensor in place that it
 *   differentiates; from backward if it returns another shape when it runs again
 * @example
 * for (const block of blocks) x = autograd.checkpoint((h) => block.forward(h), x);
 */
export function checkpoint<Args extends readonly unknown[], Result extends CheckpointResult>(
  fn: (...args: Args) => Result,
  ...args: Args
): Result {
  takes([fn]);
  if (!isGradEnabled()) return scope(() => checked(fn(...args)));
  return scope(() => {
    // Several results are joined to one, so that backward runs the function once for all of them.
    let shapes: readonly Tensor['shape'][] | undefined;
    const run = (given: readonly unknown[]): Tensor => {
      const result: CheckpointResult = checked(fn(...(given as unknown as Args)));
      if (result instanceof Tensor) return result;
      shapes = result.map(({ shape }) => shape);
      return cat(result.map((each) => flatten(each)));
    };
    const joined = recorded(run, args);
    if (!shapes) return joined as unknown as Result;
    let end = 0;
    return shapes.map((shape) => {
      const start = end;
      end += shape.reduce((size, length) => size * length, 1);
      return reshape(slice(joined, [start, end]), shape);
    }) as unknown as Result;
  });
}

/** The result of a function that is recorded as one operation. */
function recorded(run: (args: readonly unknown[]) => Tensor, args: readonly unknown[]): Tensor {
  const rounding = autocastType();
  const draws: Draw[] = [];
  /** What the function differentiates: arguments, and tensors from outside. Nothing inside it has a source. */
  const met = new Map<Source, { tensor: Tensor; version: number }>();
  const meet = (tensor: Tensor): void => {
    const { source } = tensor;
    if (source && !met.has(source)) met.set(source, { tensor, version: tensor.storage.version });
  };
  const tensors = args.filter((each) => each instanceof Tensor);
  tensors.forEach(meet);
  const first = tensorsMade();
  const result = notingDraws(draws, () =>
    listening(
      ({ inputs }) => inputs.forEach(meet),
      () => noGrad(() => run(args)),
    ),
  );
  // A tensor that existed before has a history of its own, or will have one.
  const output = result.serial >= first ? result : result.detach();
  const wanted = describe(output);
  const inputs = [...met.values()].map(({ tensor, version }) => {
    if (tensor.storage.version === version) return tensor;
    throw new GradientError(
      `checkpoint: the function changes ${describe(tensor)} in place, and backward would change it again when it runs the ` +
        'function for the second time. Change it outside.',
    );
  });
  if (inputs.length === 0 || !isFloating(output.dtype)) return output;
  const node = new Node('checkpoint', inputs, [...tensors, ...inputs], output, (gradient, ...saved) => {
    const createGraph = isGradEnabled();
    const gradients = scope(() => {
      let next = 0;
      const given = args.map((each) => (each instanceof Tensor ? saved[next++]!.handle() : each));
      const again = recomputing(() =>
        repeatingDraws(draws, () => autocast(rounding, () => withGradEnabled(true, () => run(given)))),
      );
      if (describe(again) !== wanted) {
        throw new GradientError(
          `checkpoint: the function returned ${wanted}, but ${describe(again)} when backward ran it again`,
        );
      }
      const sources = saved.slice(tensors.length).map(({ source }) => source!);
      if (!again.source) return [];
      const found = gradientsAt(again, gradient, new Set(sources), createGraph);
      return sources.map((source) => found.get(source));
    });
    return inputs.map((_, index) => {
      const each = gradients[index];
      return each && (() => each);
    });
  });
  output.attach(node);
  return output;
}

/** @throws ArgumentError unless a function has returned a tensor or a list of tensors of one dtype */
function checked<Result>(result: Result): Result {
  const list: readonly unknown[] = Array.isArray(result) ? result : [result];
  const [head] = list;
  if (
    head instanceof Tensor &&
    list.every((each) => each instanceof Tensor && each.dtype === head.dtype && each.device === head.device)
  ) {
    return result;
  }
  throw new ArgumentError('checkpoint', 'the function returned something else', {
    takes: 'a tensor, or a list of tensors of one dtype on one device',
    got: list.map((each) => (each instanceof Tensor ? describe(each) : kindOf(each))).join(', ') || 'nothing',
  });
}
