import { kindOf } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { scope } from '../tensor/scope.ts';
import { sameShape } from '../tensor/shape.ts';
import { withGradient } from '../tensor/tape.ts';
import { describe, Tensor, tensorsMade } from '../tensor/tensor.ts';

/** What a function's forward hands to its backward. Other values may be kept in fields that a subtype declares. */
export interface FunctionContext {
  /** Keeps tensors, inputs or the result, for backward. */
  saveForBackward(...tensors: Tensor[]): void;
  /** The saved tensors, in backward. */
  readonly savedTensors: readonly Tensor[];
  /** Whether each argument needs a gradient. */
  readonly needsInputGrad: readonly boolean[];
}

/** A gradient for each argument: null for one that is no tensor or gets none. One alone needs no list. */
export type FunctionGradients = Tensor | null | readonly (Tensor | null | undefined)[];

/** A class with static `forward` and `backward`. */
export interface FunctionClass<Context extends FunctionContext, Args extends unknown[]> {
  readonly name: string;
  /** Computes the result. Nothing that it does is recorded. */
  forward(context: Context, ...args: Args): Tensor;
  /** The gradients in the arguments for the gradient of the result. Differentiable operations can be differentiated again. */
  backward(context: Context, gradient: Tensor): FunctionGradients;
}

/**
 * An operation with a gradient of its own: a subclass has static `forward` and `backward`, and `apply` calls it.
 *
 * @example
 * class Scale extends autograd.Function {
 *   static forward(context: FunctionContext & { factor?: number }, x: Tensor, factor: number): Tensor {
 *     context.factor = factor;
 *     return x.mul(factor);
 *   }
 *   static backward({ factor }: FunctionContext & { factor?: number }, gradient: Tensor) {
 *     return [gradient.mul(factor!), null];
 *   }
 * }
 * Scale.apply(x, 2);
 */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- PyTorch's shape: a class of static methods
abstract class CustomFunction {
  /**
   * Computes the function, and records its backward if a gradient can flow.
   *
   * @throws ArgumentError if forward or backward is missing, or returns something else; ShapeError if a gradient has another
   *   shape or dtype than its argument
   */
  static apply<Context extends FunctionContext, Args extends unknown[]>(
    this: FunctionClass<Context, Args>,
    ...args: Args
  ): Tensor {
    const { name } = this;
    const refuse = (problem: string, takes: string, got: unknown): never => {
      throw new ArgumentError(name, problem, { takes, got: kindOf(got) });
    };
    const methods = this as unknown as Readonly<Record<string, unknown>>;
    for (const method of ['forward', 'backward']) {
      if (typeof methods[method] !== 'function')
        refuse(`has no static ${method}`, 'a function', methods[method]);
    }
    let saved: readonly Tensor[] = [];
    const context = {
      saveForBackward: (...tensors: Tensor[]) => {
        const wrong = tensors.find((each: unknown) => !(each instanceof Tensor));
        if (wrong !== undefined) refuse('saveForBackward takes tensors', 'tensors', wrong);
        saved = tensors;
      },
      savedTensors: [] as readonly Tensor[],
      needsInputGrad: args.map((each) => each instanceof Tensor && each.requiresGrad),
    };
    return scope(() => {
      const first = tensorsMade();
      const result: unknown = noGrad(() => this.forward(context as unknown as Context, ...args));
      if (!(result instanceof Tensor)) return refuse('forward returned no tensor', 'a tensor', result);
      // A tensor that existed before has a history of its own, or will have one.
      const output = result.serial >= first && !result.requiresGrad ? result : result.detach();
      const positions = args.flatMap((each, index) => (each instanceof Tensor ? [index] : []));
      const inputs = positions.map((index) => args[index] as Tensor);
      const kept = saved.map((each) => (each === result ? output : each));
      const shapes = inputs.map(({ shape, dtype }) => ({ shape, dtype }));
      return withGradient(name, output, inputs, kept, (gradient, ...tensors) => {
        context.savedTensors = tensors;
        const gradients = scope(() => {
          const given = this.backward(context as unknown as Context, gradient);
          const list: readonly unknown[] = Array.isArray(given) ? given : [given];
          return positions.map((index, at) => {
            const each = list[index];
            if (each === null || each === undefined) return undefined;
            if (!(each instanceof Tensor))
              return refuse('backward returned no gradient', 'tensors or null', each);
            const wanted = shapes[at]!;
            if (!sameShape(each.shape, wanted.shape) || each.dtype !== wanted.dtype) {
              throw new ShapeError(name, `the gradient of argument ${index} does not fit`, {
                takes: describe(wanted),
                got: describe(each),
              });
            }
            // A handle of its own: backward frees it.
            return each.handle();
          });
        });
        return gradients.map((each) => each && (() => each));
      });
    });
  }
}

export { CustomFunction as Function };
