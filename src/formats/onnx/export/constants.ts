import type { DType, TypedArray } from '../../../backend/dtypes.ts';
import type { AnyModule } from '../../../nn/index.ts';
import { sameShape } from '../../../tensor/shape.ts';
import { describe, type Tensor } from '../../../tensor/tensor.ts';
import { OnnxError } from '../error.ts';
import type { Graph } from './graph.ts';
import type { Trace, Value } from './trace.ts';

/** The elements of a tensor that no operation of the pass computed. */
export interface Constant {
  readonly name: string | undefined;
  readonly dtype: DType;
  readonly data: TypedArray;
}

/**
 * Reads the parameters, buffers and other constants of a forward pass.
 *
 * A value that depends on the input, but was computed where no listener sees it, would look like a constant. It differs between
 * two passes with different inputs, and is refused.
 *
 * @throws OnnxError for such a value
 */
export async function readConstants(
  model: AnyModule,
  first: Trace,
  second: Trace,
): Promise<Map<number, Constant>> {
  const named = model.namedTensors();
  const others = new Map(valuesOf(second).map((value) => [value.id, value]));
  const found = new Map<number, Constant>();
  for (const value of valuesOf(first)) {
    const { id, constant } = value;
    if (!constant || found.has(id)) continue;
    const other = others.get(id)!.constant!;
    const name = named.find(([, tensor]) => isSame(tensor, constant))?.[0];
    const data = await constant.data();
    if (!isSame(constant, other)) check(constant, data, await other.data());
    found.set(id, { name, dtype: value.dtype, data });
  }
  return found;
}

/** All values of a pass, some more than once. */
export function valuesOf({ inputs, steps, outputs }: Trace): Value[] {
  const inFacts = (facts: unknown): Value[] =>
    typeof facts === 'object' && facts !== null
      ? Object.values(facts).filter((each): each is Value => isValue(each))
      : [];
  return [
    ...inputs,
    ...steps.flatMap(({ inputs: from, output, facts }) => [...from, ...inFacts(facts), output]),
    ...outputs,
  ];
}

function isValue(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'id' in value && 'constant' in value;
}

function isSame(a: Tensor, b: Tensor): boolean {
  return (
    a.storage === b.storage &&
    a.offset === b.offset &&
    sameShape(a.shape, b.shape) &&
    sameShape(a.strides, b.strides)
  );
}

function check(tensor: Tensor, first: TypedArray, second: TypedArray): void {
  const equal = (a: number | undefined, b: number | undefined): boolean => Object.is(a, b) || a === b;
  if (first.length === second.length && first.every((each, at) => equal(each, second[at]))) return;
  // A tensor of one value may have the size of the batch.
  const [value] = first;
  if ([first, second].every((each) => each.every((element) => equal(element, value)))) return;
  throw new OnnxError(
    `exportOnnx: the forward pass uses a tensor ${describe(tensor)} that depends on the input or its batch, and that no recorded ` +
      'operation computes. Random numbers, values read on the host and sizes of the batch as numbers cannot be exported; ' +
      'the last can with dynamicBatch: false',
  );
}

/** Adds a constant to the file, and returns its name. One whose size depends on the batch is one value, expanded. */
export function writeConstant(graph: Graph, value: Value, { name, dtype, data }: Constant): string {
  const dims = graph.dimsOf(value);
  const isFixed = (each: unknown): each is number => typeof each === 'number';
  const fixed = dims.every(isFixed);
  const stored = graph.add({
    name: graph.fresh(name ?? 'constant'),
    dims: fixed ? dims : [],
    type: dtype,
    raw: bytesOf(fixed ? data : data.slice(0, 1), dtype),
  });
  return fixed ? stored : graph.node('Expand', [stored, graph.shape(dims)]);
}

/** Little-endian, and a byte for each truth value. */
function bytesOf(data: TypedArray, dtype: DType): Uint8Array {
  if (dtype === 'bool') return Uint8Array.from(data);
  if (dtype === 'float16') {
    throw new OnnxError(
      'exportOnnx: takes float32 and float64, got a float16 tensor; load the model in float32',
    );
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
