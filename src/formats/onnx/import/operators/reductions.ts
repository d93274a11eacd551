import { einsum } from '../../../../ops/einsum.ts';
import type { Tensor } from '../../../../tensor/tensor.ts';
import type { Call, Operator, Operators } from '../call.ts';
import { HostTensor } from '../values.ts';

type Dims = readonly number[];

/** A reduction over axes, which are an attribute or, later, an input. */
const reduce =
  (body: (x: Tensor, dims: Dims, keepdim: boolean) => Tensor): Operator =>
  (call) => {
    const x = call.tensor(0);
    const keepdim = call.int('keepdims', 1) !== 0;
    const given = call.ints('axes') ?? call.optionalNumbers(1) ?? [];
    if (given.length === 0 && call.int('noop_with_empty_axes', 0) !== 0) return x;
    const axes = given.length === 0 ? x.shape.map((_, axis) => axis) : given.map((axis) => call.axis(axis));
    return body(x, axes, keepdim);
  };

/** The product over several axes, one after the other. */
const product: Operator = (call) => {
  const x = call.value(0);
  if (x instanceof HostTensor && call.int('keepdims', 1) === 0) {
    return new HostTensor([], [x.values.reduce((whole, each) => whole * each, 1)], x.kind);
  }
  return reduce((each, dims, keepdim) => {
    const whole = dims.toSorted((a, b) => b - a).reduce((left, dim) => left.prod(dim, true), each);
    return keepdim ? whole : whole.squeeze([...dims]);
  })(call);
};

const arg =
  (name: 'argmax' | 'argmin'): Operator =>
  (call) => {
    const x = call.tensor(0);
    const axis = call.axis(call.int('axis', 0));
    const keepdim = call.int('keepdims', 1) !== 0;
    if (call.int('select_last_index', 0) === 0) return x[name](axis, keepdim);
    return x
      .flip(axis)
      [name](axis, keepdim)
      .neg()
      .add(x.shape[axis]! - 1);
  };

/** Before version 13 all dims from the axis on are normalised together. */
const softmax =
  (name: 'softmax' | 'logSoftmax'): Operator =>
  (call) => {
    const x = call.tensor(0);
    if (call.opset >= 13) return x[name](call.axis(call.int('axis', -1)));
    const axis = call.axis(call.int('axis', 1));
    return x.flatten(axis)[name](axis).reshape(x.shape);
  };

const trilu = (call: Call): Tensor => {
  const diagonal = call.optionalNumbers(1)?.[0] ?? 0;
  return call.int('upper', 1) === 0 ? call.tensor(0).tril(diagonal) : call.tensor(0).triu(diagonal);
};

export const reductions: Operators = {
  ReduceSum: reduce((x, dims, keepdim) => x.sum(dims, keepdim)),
  ReduceMean: reduce((x, dims, keepdim) => x.mean(dims, keepdim)),
  ReduceMax: reduce((x, dims, keepdim) => x.amax(dims, keepdim)),
  ReduceMin: reduce((x, dims, keepdim) => x.amin(dims, keepdim)),
  ReduceProd: product,
  ReduceL1: reduce((x, dims, keepdim) => x.norm(1, dims, keepdim)),
  ReduceL2: reduce((x, dims, keepdim) => x.norm(2, dims, keepdim)),
  ReduceSumSquare: reduce((x, dims, keepdim) => x.square().sum(dims, keepdim)),
  ReduceLogSumExp: reduce((x, dims, keepdim) => x.logsumexp(dims, keepdim)),
  ArgMax: arg('argmax'),
  ArgMin: arg('argmin'),
  Softmax: softmax('softmax'),
  LogSoftmax: softmax('logSoftmax'),
  CumSum: (call) => {
    const axis = call.axis(call.numbers(1)[0]!);
    const x = call.tensor(0);
    const sums = call.int('reverse', 0) === 0 ? x.cumsum(axis) : x.flip(axis).cumsum(axis).flip(axis);
    return call.int('exclusive', 0) === 0 ? sums : sums.sub(x);
  },
  Trilu: trilu,
  Einsum: (call) => einsum(call.text('equation'), ...call.values().map((each) => call.tensorOf(each))),
};
