import { cat } from '../../../../ops/cat.ts';
import { full } from '../../../../tensor/create.ts';
import { sizeOf } from '../../../../tensor/shape.ts';
import { Tensor } from '../../../../tensor/tensor.ts';
import { OnnxError } from '../../error.ts';
import { elementTypes } from '../../model.ts';
import type { Call, Operator, Operators } from '../call.ts';
import { checkSize } from '../sizes.ts';
import { checkHost, hostTensor, HostTensor, integers, shapeOf, type Value } from '../values.ts';
import { expanded, joined, mapped, permuted, selected, taken } from './host.ts';

/** The same elements in another shape. */
function reshaped(value: Value, shape: readonly number[]): Value {
  if (value instanceof Tensor) return value.reshape(shape);
  if (sizeOf(shape) === value.values.length) return new HostTensor(shape, value.values, value.kind);
  throw new OnnxError(`[${value.dims.join(', ')}] has not as many elements as [${shape.join(', ')}]`);
}

const reshape: Operator = (call) => {
  const from = shapeOf(call.value(0));
  const keepsZero = call.int('allowzero', 0) !== 0;
  const shape = call.numbers(1).map((size, axis) => (size === 0 && !keepsZero ? (from[axis] ?? 0) : size));
  const unknown = shape.indexOf(-1);
  if (unknown < 0) return reshaped(call.value(0), shape);
  const known = shape.reduce((product, size, axis) => (axis === unknown ? product : product * size), 1);
  return reshaped(call.value(0), shape.with(unknown, sizeOf(from) / known));
};

const flatten: Operator = (call) => {
  const shape = shapeOf(call.value(0));
  const axis = call.int('axis', 1);
  const at = axis < 0 ? axis + shape.length : axis;
  return reshaped(call.value(0), [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at))]);
};

const transpose: Operator = (call) => {
  const x = call.value(0);
  const order = call.ints('perm') ?? shapeOf(x).map((_, axis, all) => all.length - 1 - axis);
  return x instanceof Tensor
    ? x.permute(order)
    : permuted(
        x,
        order.map((axis) => call.axis(axis)),
      );
};

/** Axes, which are an input since version 13 and an attribute before. */
function axesOf(call: Call, index: number = 1): readonly number[] | undefined {
  return call.ints('axes') ?? call.optionalNumbers(index);
}

const squeeze: Operator = (call) => {
  const shape = shapeOf(call.value(0));
  const axes = axesOf(call)?.map((axis) => call.axis(axis));
  const kept = shape.filter((size, axis) => (axes ? !axes.includes(axis) : size !== 1));
  return reshaped(call.value(0), kept);
};

const unsqueeze: Operator = (call) => {
  const given = axesOf(call) ?? [];
  const axes = given.map((axis) => call.axis(axis, 0, given.length));
  const rest = [...shapeOf(call.value(0))];
  const rank = rest.length + axes.length;
  return reshaped(
    call.value(0),
    Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!)),
  );
};

const concat: Operator = (call) => {
  const values = call.values();
  const axis = call.axis(call.int('axis'));
  if (values.every((each) => each instanceof HostTensor)) return joined(values, axis);
  const length = values.reduce((sum, each) => sum + (shapeOf(each)[axis] ?? 0), 0);
  checkSize(shapeOf(values[0]!).with(axis, length));
  return cat(
    values.map((each) => call.tensorOf(each)),
    axis,
  );
};

const slice: Operator = (call) => {
  const x = call.value(0);
  const isOld = call.opset < 10;
  const [starts, ends] = isOld
    ? [call.ints('starts')!, call.ints('ends')!]
    : [call.numbers(1), call.numbers(2)];
  const axes = (isOld ? call.ints('axes') : call.optionalNumbers(3)) ?? starts.map((_, axis) => axis);
  const steps = (isOld ? undefined : call.optionalNumbers(4)) ?? starts.map(() => 1);
  return starts.reduce<Value>((cut, start, at) => {
    const axis = call.axis(axes[at]!);
    return cutAlong(cut, axis, start, ends[at]!, steps[at]!);
  }, x);
};

/** Every `step`th position of an axis from `start` to `end`, which is left out. Negative ones count from the end. */
function cutAlong(x: Value, axis: number, start: number, end: number, step: number): Value {
  const length = shapeOf(x)[axis]!;
  if (!Number.isInteger(step) || step === 0) throw new OnnxError(`step ${step} is no step`);
  const within = (position: number, least: number, most: number): number =>
    Math.max(least, Math.min(most, position < 0 ? position + length : position));
  const first = step > 0 ? within(start, 0, length) : within(start, -1, length - 1);
  const last = step > 0 ? within(end, 0, length) : within(end, -1, length - 1);
  const count = Math.max(0, Math.ceil((last - first) / step));
  if (x instanceof HostTensor) {
    const positions = Array.from({ length: count }, (_, index) => first + index * step);
    return taken(x, axis, integers(positions));
  }
  const whole = new Array<null>(axis).fill(null);
  if (step > 0) return x.slice(...whole, [first, first + count * step, step]);
  const mirrored = length - 1 - first;
  return x.flip(axis).slice(...whole, [mirrored, mirrored - count * step, -step]);
}

const gather: Operator = (call) => {
  const [x, indices] = [call.value(0), call.value(1)];
  const axis = call.axis(call.int('axis', 0));
  if (x instanceof HostTensor && indices instanceof HostTensor) return taken(x, axis, indices);
  const table = call.tensor(0);
  const length = table.shape[axis]!;
  const positions = fromStart(call, indices, length);
  const { shape } = table;
  checkSize(shape.with(axis, positions.numel()));
  const rows = table.indexSelect(axis, positions.reshape([positions.numel()]));
  return rows.reshape([...shape.slice(0, axis), ...shapeOf(indices), ...shape.slice(axis + 1)]);
};

/** Positions from the start of an axis. A constant without negative ones stays itself, and so its copy on the device. */
function fromStart(call: Call, indices: Value, length: number): Tensor {
  if (indices instanceof Tensor) return indices.to('int32').add(indices.lt(0).to('int32').mul(length));
  const isNegative = indices.values.some((each) => each < 0);
  return call.tensorOf(isNegative ? mapped(indices, (each) => (each < 0 ? each + length : each)) : indices);
}

const split: Operator = (call) => {
  const x = call.value(0);
  const axis = call.axis(call.int('axis', 0));
  const length = shapeOf(x)[axis]!;
  const parts = call.node.outputs.length;
  const size = Math.ceil(length / parts);
  const sizes =
    call.ints('split') ??
    call.optionalNumbers(1) ??
    Array.from({ length: parts }, (_, at) => Math.min(size, length - at * size));
  let start = 0;
  return sizes.map((each) => cutAlong(x, axis, start, (start += each), 1));
};

const expand: Operator = (call) => {
  const x = call.value(0);
  const wanted = call.numbers(1);
  const from = shapeOf(x);
  const rank = Math.max(wanted.length, from.length);
  const at = (shape: readonly number[], axis: number): number => shape[axis - rank + shape.length] ?? 1;
  const shape = Array.from({ length: rank }, (_, axis) =>
    at(wanted, axis) === 1 ? at(from, axis) : at(wanted, axis),
  );
  checkSize(shape);
  return x instanceof Tensor ? x.expand(shape) : new HostTensor(shape, expanded(x, shape), x.kind);
};

const shapeOperator: Operator = (call) => {
  const shape = shapeOf(call.value(0));
  const end = call.int('end', shape.length);
  return integers(shape.slice(call.int('start', 0), end));
};

const cast: Operator = (call) => {
  const x = call.value(0);
  const to = call.int('to');
  const isFloat = [elementTypes.float32, elementTypes.float64, elementTypes.float16, elementTypes.bfloat16];
  const kind = isFloat.some((each) => each === to) ? 'float' : to === elementTypes.bool ? 'bool' : 'int';
  if (x instanceof HostTensor) {
    const convert = {
      float: (value: number) => value,
      bool: (value: number) => Number(value !== 0),
      int: Math.trunc,
    };
    return mapped(x, convert[kind], kind);
  }
  if (kind === 'float')
    return x.dtype === 'float64' ? x : x.to(to === elementTypes.float64 ? 'float64' : 'float32');
  return x.to(kind === 'bool' ? 'bool' : 'int32');
};

const constant: Operator = (call) => {
  for (const [name, kind] of [
    ['value_float', 'float'],
    ['value_int', 'int'],
  ] as const) {
    if (call.has(name)) return new HostTensor([], [call[kind](name)], kind);
  }
  const many = call.ints('value_ints');
  if (many) return integers(many);
  const value = call.has('value') ? call.node.attributes['value'] : undefined;
  if (value?.kind !== 'tensor')
    throw new OnnxError('takes an attribute value, value_int, value_ints or value_float');
  return hostTensor(value.value);
};

const constantOfShape: Operator = (call) => {
  const shape = call.numbers(0);
  checkSize(shape);
  const value = call.has('value') ? call.node.attributes['value'] : undefined;
  const filler = value?.kind === 'tensor' ? hostTensor(value.value) : new HostTensor([1], [0], 'float');
  if (filler.kind === 'float') return full(shape, filler.values[0]!, { device: call.device });
  return new HostTensor(
    shape,
    selected(shape, () => filler.values[0]!),
    filler.kind,
  );
};

const range: Operator = (call) => {
  const [start, limit, delta] = [call.numbers(0)[0]!, call.numbers(1)[0]!, call.numbers(2)[0]!];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isFinite(count)) throw new OnnxError(`a range from ${start} to ${limit} by ${delta}`);
  checkHost(count);
  const { kind } = call.value(0) as HostTensor;
  return new HostTensor(
    [count],
    Array.from({ length: count }, (_, at) => start + at * delta),
    kind,
  );
};

const tile: Operator = (call) => {
  const x = call.tensor(0);
  const repeats = call.numbers(1);
  checkSize(x.shape.map((size, axis) => size * (repeats[axis] ?? 1)));
  return x.tile(repeats);
};

export const shapes: Operators = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  Slice: slice,
  Gather: gather,
  GatherElements: (call) => {
    const axis = call.axis(call.int('axis', 0));
    const x = call.tensor(0);
    return x.gather(axis, fromStart(call, call.value(1), x.shape[axis]!));
  },
  Split: split,
  Expand: expand,
  Shape: shapeOperator,
  Size: (call) => new HostTensor([], [sizeOf(shapeOf(call.value(0)))], 'int'),
  Cast: cast,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Tile: tile,
  Identity: (call) => call.value(0),
};
