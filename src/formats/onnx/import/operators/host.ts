import { broadcastShapes, sizeOf, stridesOf } from '../../../../tensor/shape.ts';
import { checkHost, type HostKind, HostTensor } from '../values.ts';

// Arithmetic of shapes and other constants on the host.

/** f of each element. */
export function mapped(x: HostTensor, f: (value: number) => number, kind: HostKind = x.kind): HostTensor {
  return new HostTensor(x.dims, x.values.map(f), kind);
}

/** f of each pair of elements, with broadcasting. */
export function paired(
  a: HostTensor,
  b: HostTensor,
  f: (left: number, right: number) => number,
  kind: HostKind = a.kind,
): HostTensor {
  const dims = broadcastShapes('importOnnx', a.dims, b.dims);
  const [left, right] = [expanded(a, dims), expanded(b, dims)];
  return new HostTensor(
    dims,
    left.map((value, at) => f(value, right[at]!)),
    kind,
  );
}

/** The elements in a larger shape, row-major. */
export function expanded({ dims, values }: HostTensor, to: readonly number[]): number[] {
  const lead = to.length - dims.length;
  const strides = stridesOf(dims);
  return selected(
    to,
    (index) =>
      values[
        dims.reduce((at, size, axis) => at + (size === 1 ? 0 : index[lead + axis]! * strides[axis]!), 0)
      ]!,
  );
}

/** The elements of a shape, row-major, each computed from its indices. */
export function selected(dims: readonly number[], element: (index: readonly number[]) => number): number[] {
  const count = sizeOf(dims);
  checkHost(count);
  const places = stridesOf(dims);
  return Array.from({ length: count }, (_, at) =>
    element(dims.map((size, axis) => Math.floor(at / places[axis]!) % size)),
  );
}

/** x with its axes in another order. */
export function permuted({ dims, values, kind }: HostTensor, order: readonly number[]): HostTensor {
  const strides = stridesOf(dims);
  const to = order.map((axis) => dims[axis]!);
  const element = (index: readonly number[]): number =>
    values[index.reduce((at, position, axis) => at + position * strides[order[axis]!]!, 0)]!;
  return new HostTensor(to, selected(to, element), kind);
}

/** The slices of x along an axis at some positions; those of `indices`, whose dims take the place of the axis. */
export function taken(x: HostTensor, axis: number, indices: HostTensor): HostTensor {
  const { dims, values, kind } = x;
  const strides = stridesOf(dims);
  const inner = stridesOf(indices.dims);
  const rank = indices.dims.length;
  const to = [...dims.slice(0, axis), ...indices.dims, ...dims.slice(axis + 1)];
  const element = (index: readonly number[]): number => {
    const place = inner.reduce((at, stride, each) => at + index[axis + each]! * stride, 0);
    const chosen = indices.values[place]!;
    const position = chosen < 0 ? chosen + dims[axis]! : chosen;
    const outer = index.slice(0, axis).reduce((at, each, at2) => at + each * strides[at2]!, 0);
    const rest = index.slice(axis + rank).reduce((at, each, at2) => at + each * strides[axis + 1 + at2]!, 0);
    return values[outer + position * strides[axis]! + rest] ?? NaN;
  };
  return new HostTensor(to, selected(to, element), kind);
}

/** Tensors one behind the other along an axis. */
export function joined(parts: readonly HostTensor[], axis: number): HostTensor {
  const [first] = parts as [HostTensor];
  const lengths = parts.map(({ dims }) => dims[axis] ?? 0);
  const dims = first.dims.with(
    axis,
    lengths.reduce((sum, length) => sum + length, 0),
  );
  const strides = parts.map((part) => stridesOf(part.dims));
  const element = (index: readonly number[]): number => {
    let at = index[axis]!;
    let part = 0;
    while (at >= lengths[part]!) at -= lengths[part++]!;
    const place = index.with(axis, at).reduce((sum, each, each2) => sum + each * strides[part]![each2]!, 0);
    return parts[part]!.values[place]!;
  };
  return new HostTensor(dims, selected(dims, element), first.kind);
}
