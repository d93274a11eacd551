import { gelu } from '../../../../ops/activations.ts';
import { elu, hardswish, prelu } from '../../../../ops/piecewise.ts';
import { where } from '../../../../ops/where.ts';
import type { Tensor } from '../../../../tensor/tensor.ts';
import { OnnxError } from '../../error.ts';
import type { Call, Operator, Operators } from '../call.ts';
import { checkBroadcast } from '../sizes.ts';
import { type HostKind, HostTensor, shapeOf, type Value } from '../values.ts';
import { mapped, paired } from './host.ts';

/** An operation of one tensor. */
const onDevice =
  (body: (x: Tensor, call: Call) => Tensor): Operator =>
  (call) =>
    body(call.tensor(0), call);

/** An operation of one tensor, or of numbers on the host. */
const unary =
  (body: (x: Tensor) => Tensor, f: (value: number) => number, kind?: HostKind): Operator =>
  (call) => {
    const x = call.value(0);
    return x instanceof HostTensor ? mapped(x, f, kind ?? x.kind) : body(x);
  };

type Pair = (a: Tensor, b: Tensor | number) => Tensor;

/** An operation of two tensors, or of numbers on the host. */
const binary =
  (body: Pair, f: (a: number, b: number) => number, kind?: HostKind): Operator =>
  (call) =>
    two(call, call.value(0), call.value(1), body, f, kind);

function two(
  call: Call,
  a: Value,
  b: Value,
  body: Pair,
  f: (a: number, b: number) => number,
  kind?: HostKind,
): Value {
  if (a instanceof HostTensor && b instanceof HostTensor) return paired(a, b, f, kind ?? a.kind);
  // The library keeps numbers on the device.
  if (b instanceof HostTensor && b.dims.length === 0 && b.kind === 'float')
    return body(call.tensorOf(a), b.values[0]!);
  checkBroadcast(shapeOf(a), shapeOf(b));
  return body(call.tensorOf(a), call.tensorOf(b));
}

/** An operation of two or more. */
const several =
  (body: Pair, f: (a: number, b: number) => number): Operator =>
  (call) => {
    const [first, ...others] = call.values();
    if (!first) throw new OnnxError('takes at least one input, got none');
    return others.reduce((left, right) => two(call, left, right, body, f), first);
  };

const isWhole = ({ dtype }: Tensor): boolean => dtype === 'int32' || dtype === 'bool';

const divide: Operator = (call) => {
  const [a, b] = [call.value(0), call.value(1)];
  if (a instanceof HostTensor && b instanceof HostTensor) {
    return paired(a, b, (x, y) => (a.kind === 'int' ? Math.trunc(x / y) : x / y));
  }
  // Integers are divided towards 0.
  return two(
    call,
    a,
    b,
    (x, y) => (isWhole(x) ? x.div(y).trunc().to('int32') : x.div(y)),
    () => NaN,
  );
};

const clip: Operator = (call) => {
  const ends = call.opset < 11 ? [call.float('min', -Infinity), call.float('max', Infinity)] : undefined;
  const end = (index: number): number | undefined => ends?.[index - 1] ?? call.optionalNumbers(index)?.[0];
  const [min = -Infinity, max = Infinity] = [end(1), end(2)];
  const x = call.value(0);
  if (x instanceof HostTensor) return mapped(x, (value) => Math.min(max, Math.max(min, value)));
  return x.clamp(min, max);
};

const whereOperator: Operator = (call) => {
  const [condition, a, b] = [call.value(0), call.value(1), call.value(2)];
  if (condition instanceof HostTensor && a instanceof HostTensor && b instanceof HostTensor) {
    const left = paired(condition, a, (test, value) => (test ? value : NaN), a.kind);
    const right = paired(condition, b, (test, value) => (test ? NaN : value), b.kind);
    return paired(left, right, (x, y) => (Number.isNaN(x) ? y : x), a.kind);
  }
  checkBroadcast(shapeOf(condition), shapeOf(a), shapeOf(b));
  return where(call.tensor(0).to('bool'), call.tensor(1), call.tensor(2));
};

/** λ x for positive x, λ α (eˣ - 1) otherwise. */
const selu = onDevice((x, call) =>
  elu(x, call.float('alpha', 1.67326319217681884765625)).mul(call.float('gamma', 1.05070102214813232421875)),
);

const preluOperator: Operator = (call) => {
  const [x, slope] = [call.tensor(0), call.tensor(1)];
  // [C, 1, 1] is a slope for each channel.
  const [channels, ...ones] = slope.shape;
  const flat = slope.ndim <= 1 || (slope.ndim === x.ndim - 1 && ones.every((size) => size === 1));
  if (flat && (slope.numel() === 1 || channels === x.shape[1]))
    return prelu(x, slope.reshape([slope.numel()]));
  checkBroadcast(x.shape, slope.shape);
  return where(x.gt(0), x, x.mul(slope));
};

const relation = (body: Pair, f: (a: number, b: number) => boolean): Operator =>
  binary(body, (a, b) => Number(f(a, b)), 'bool');

/** The rest of a division, with the sign of the divisor; with `fmod` that of the dividend. */
const mod: Operator = (call) => {
  if (call.int('fmod', 0) === 0) {
    return two(
      call,
      call.value(0),
      call.value(1),
      (a, b) => a.remainder(b),
      (a, b) => a - b * Math.floor(a / b),
    );
  }
  return two(
    call,
    call.value(0),
    call.value(1),
    (a, b) =>
      a
        .abs()
        .remainder(typeof b === 'number' ? Math.abs(b) : b.abs())
        .mul(a.sign()),
    (a, b) => a % b,
  );
};

export const elementwise: Operators = {
  Relu: onDevice((x) => x.relu()),
  LeakyRelu: onDevice((x, call) => x.leakyRelu(call.float('alpha', 0.01))),
  PRelu: preluOperator,
  Elu: onDevice((x, call) => elu(x, call.float('alpha', 1))),
  Selu: selu,
  Celu: onDevice((x, call) => {
    const alpha = call.float('alpha', 1);
    return elu(x.div(alpha)).mul(alpha);
  }),
  Gelu: onDevice((x, call) =>
    gelu(x, call.word('approximate', ['none', 'tanh'], 'none') === 'tanh' ? 'tanh' : 'none'),
  ),
  HardSwish: onDevice((x) => hardswish(x)),
  HardSigmoid: onDevice((x, call) =>
    x.mul(call.float('alpha', 0.2)).add(call.float('beta', 0.5)).clamp(0, 1),
  ),
  Mish: onDevice((x) => x.mul(x.softplus().tanh())),
  Softplus: onDevice((x) => x.softplus()),
  Softsign: onDevice((x) => x.div(x.abs().add(1))),
  Sigmoid: onDevice((x) => x.sigmoid()),
  Tanh: onDevice((x) => x.tanh()),
  Erf: onDevice((x) => x.erf()),
  Exp: unary((x) => x.exp(), Math.exp),
  Log: unary((x) => x.log(), Math.log),
  Sin: onDevice((x) => x.sin()),
  Cos: onDevice((x) => x.cos()),
  Sqrt: unary((x) => x.sqrt(), Math.sqrt),
  Reciprocal: unary(
    (x) => x.reciprocal(),
    (value) => 1 / value,
  ),
  Abs: unary((x) => x.abs(), Math.abs),
  Neg: unary(
    (x) => x.neg(),
    (value) => -value,
  ),
  Sign: unary((x) => x.sign(), Math.sign),
  Floor: unary((x) => x.floor(), Math.floor),
  Ceil: unary((x) => x.ceil(), Math.ceil),
  Round: onDevice((x) => x.round()),
  Not: unary(
    (x) => x.logicalNot(),
    (value) => Number(value === 0),
  ),
  Clip: clip,
  Add: binary(
    (a, b) => a.add(b),
    (a, b) => a + b,
  ),
  Sub: binary(
    (a, b) => a.sub(b),
    (a, b) => a - b,
  ),
  Mul: binary(
    (a, b) => a.mul(b),
    (a, b) => a * b,
  ),
  Div: divide,
  Pow: binary(
    (a, b) => a.pow(b),
    (a, b) => a ** b,
  ),
  Mod: mod,
  Max: several((a, b) => a.maximum(b), Math.max),
  Min: several((a, b) => a.minimum(b), Math.min),
  Sum: several(
    (a, b) => a.add(b),
    (a, b) => a + b,
  ),
  Equal: relation(
    (a, b) => a.eq(b),
    (a, b) => a === b,
  ),
  Less: relation(
    (a, b) => a.lt(b),
    (a, b) => a < b,
  ),
  LessOrEqual: relation(
    (a, b) => a.le(b),
    (a, b) => a <= b,
  ),
  Greater: relation(
    (a, b) => a.gt(b),
    (a, b) => a > b,
  ),
  GreaterOrEqual: relation(
    (a, b) => a.ge(b),
    (a, b) => a >= b,
  ),
  And: relation(
    (a, b) => a.logicalAnd(b),
    (a, b) => a !== 0 && b !== 0,
  ),
  Or: relation(
    (a, b) => a.logicalOr(b),
    (a, b) => a !== 0 || b !== 0,
  ),
  Xor: relation(
    (a, b) => a.logicalXor(b),
    (a, b) => (a !== 0) !== (b !== 0),
  ),
  Where: whereOperator,
};
