import { ANY, ITERABLE, type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { Tensor } from '../tensor/tensor.ts';
import { guardFields } from './fieldGuard.ts';
import { Module } from './module.ts';
import { Parameter } from './parameter.ts';

const takes = {
  constructor: signature<{ parameters?: Iterable<unknown> }>('ParameterList', {}, { parameters: ITERABLE }),
  append: signature('ParameterList.append', { item: ANY }),
  extend: signature('ParameterList.extend', { parameters: ITERABLE }),
};

/**
 * A list of parameters that are named by their positions: `scales.0`. A plain array in a field does the same; this is
 * PyTorch's form, and makes a `Parameter` of each tensor that is none. `list[0]` is the first parameter.
 *
 * @example
 * readonly scales: ParameterList = new ParameterList([ones([4]), ones([4])]);
 */
export class ParameterList extends Module {
  /** The parameters by position. */
  [index: number]: Tensor;

  constructor(...rest: [parameters?: Maybe<Iterable<Tensor>>]) {
    super();
    this.extend((takes.constructor(rest).parameters as Iterable<Tensor> | undefined) ?? []);
  }

  /** The number of parameters. */
  get length(): number {
    guardFields(this);
    let length = 0;
    while (this[length]) length++;
    return length;
  }

  /** Adds a parameter at the end. */
  append(parameter: Tensor): this {
    takes.append(arguments);
    return this.extend([parameter]);
  }

  /** Adds parameters at the end. */
  extend(parameters: Iterable<Tensor>): this {
    takes.extend(arguments);
    let { length } = this;
    for (const each of parameters) {
      if (!(each instanceof Tensor)) {
        throw new ArgumentError('ParameterList', `item ${length} is not a tensor`, {
          takes: 'tensors',
          got: typeof each,
        });
      }
      this[length++] = each.leaf ? each : new Parameter(each);
    }
    return this;
  }

  /** The parameters, in order. */
  *[Symbol.iterator](): Generator<Tensor> {
    guardFields(this);
    for (let index = 0; this[index]; index++) yield this[index]!;
  }

  override extraRepr(): string {
    return [...this]
      .map(
        ({ dtype, shape }, index) =>
          `  (${index}): Parameter containing: [torch.${dtype} of size ${shape.join('x')}]`,
      )
      .join('\n');
  }

  /** @throws ArgumentError always: a list computes nothing */
  override forward(): never {
    throw new ArgumentError('ParameterList', 'has no forward', {
      takes: 'the use of its parameters',
      got: 'a call of the list',
    });
  }
}
