import { type Backend, type DType, scope, tensor } from '../../src/index.ts';
import type { TypedArray } from '../../src/backend/dtypes.ts';
import * as operations from '../../src/ops/index.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { loadFixture } from './fixtures.ts';
import { backwardPlaced, placed, placedReversed, placeGradient, writtenAround } from '../placed.ts';

/** A tensor in a fixture; what JSON cannot say is a string. */
export interface FixtureTensor {
  shape: number[];
  dtype: DType;
  data: (number | 'NaN' | 'Infinity' | '-Infinity')[];
}

/** One call of an operation with PyTorch's answer: see tests/fixtures/README.md. */
export interface OperationFixture {
  name: string;
  operation: string;
  inputs: (FixtureTensor & { requiresGrad: boolean })[];
  arguments: unknown[];
  tensorList: boolean;
  outputs: [FixtureTensor];
  gradOutputs: FixtureTensor[];
  gradients: (FixtureTensor | null)[];
  /** What the call leaves in inputs that it changes in place: one an input, null for those that stay. */
  after?: (FixtureTensor | null)[];
}

export const operationFixtures: OperationFixture[] = [
  'operations.json',
  'pooling.json',
  'norms.json',
  'convolution.json',
  'promotion.json',
  'special.json',
  'options.json',
  'compositions.json',
  'scans.json',
  'networks.json',
].flatMap((name) => loadFixture(name) as OperationFixture[]);

/**
 * How the inputs of a case lie in memory: whole buffers, contiguous views that begin in the middle of a buffer, as do the
 * destinations of gradients, or views with the axes in reverse order, also in the middle.
 */
export const orders = ['contiguous', 'placed', 'strided'] as const;
export type Order = (typeof orders)[number];

export function fromFixture({ shape, dtype, data }: FixtureTensor, device: Backend): Tensor {
  const values = data.map(Number);
  const array = dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
  return tensor(array, { shape, dtype, device });
}

/** A fixture's tensor as it lies in an order; `index` is the number of the input. */
function ordered(fixture: FixtureTensor, device: Backend, order: Order, index: number): Tensor {
  const dense = fromFixture(fixture, device);
  if (order === 'contiguous') return dense;
  return (order === 'placed' ? placed : placedReversed)(dense, index).detach();
}

/** Differences from PyTorch beyond |got - wanted| ≤ ATOL + RTOL · |wanted|, one a line. */
export const RTOL = 1e-5;
export const ATOL = 1e-6;

export type Operation = (...args: unknown[]) => Tensor;

/**
 * Runs a case on a device and says where it differs from PyTorch; nothing when it does not.
 *
 * @param change replaces the arguments of the call
 */
export async function differences(
  fixture: OperationFixture,
  device: Backend,
  order: Order,
  change: (args: unknown[]) => unknown[] = (args) => args,
): Promise<string[]> {
  const operation = operationOf(fixture);
  if (!operation) return [`wgrad has no operation '${fixture.operation}'`];
  const { output, gradients, after, destinations } = scope(() => {
    const inputs = inputsOf(fixture, device, order);
    const destinations = inputs.map((input, index) =>
      order === 'placed' && input.requiresGrad ? placeGradient(input, index) : null,
    );
    const output = operation(...change(callArguments(fixture, inputs)));
    const [gradOutput] = fixture.gradOutputs;
    if (gradOutput && order === 'contiguous') output.backward(fromFixture(gradOutput, device));
    else if (gradOutput) backwardPlaced(output, fromFixture(gradOutput, device), order === 'strided');
    return {
      output: output.detach(),
      gradients: inputs.map((input) => input.grad?.clone() ?? null),
      after: fixture.after?.map((wanted, index) => wanted && inputs[index]!.detach()) ?? [],
      destinations,
    };
  });
  const [wanted] = fixture.outputs;
  const found = await compare('output', output, wanted);
  for (const [index, gradient] of fixture.gradients.entries()) {
    const got = gradients[index] ?? null;
    if (gradient && !got) found.push(`gradient ${index}: none`);
    else if (!gradient && got && fixture.gradOutputs.length > 0)
      found.push(`gradient ${index}: not asked for`);
    else if (gradient && got) found.push(...(await compare(`gradient ${index}`, got, gradient)));
  }
  for (const [index, wanted] of fixture.after?.entries() ?? []) {
    if (wanted) found.push(...(await compare(`input ${index} afterwards`, after[index]!, wanted)));
  }
  for (const [index, destination] of destinations.entries()) {
    if (destination && (await writtenAround(destination)))
      found.push(`gradient ${index}: something is written next to it`);
  }
  for (const each of [output, ...gradients, ...after]) each?.dispose();
  return found;
}

/** The inputs of a fixture's call. */
export function inputsOf({ inputs }: OperationFixture, device: Backend, order: Order): Tensor[] {
  return inputs.map((input, index) => {
    const made = ordered(input, device, order, index);
    made.requiresGrad = input.requiresGrad;
    return made;
  });
}

/** The operation of a fixture. Several results are joined, as the script that writes the fixtures joins them. */
export function operationOf({ operation }: OperationFixture): Operation | undefined {
  const found = (
    operations as unknown as Record<string, ((...args: unknown[]) => Tensor | Tensor[]) | undefined>
  )[operation];
  if (!found) return undefined;
  return (...args) => {
    const result = found(...args);
    if (!Array.isArray(result)) return result;
    const alike = result.every(({ shape }) => shape.join() === result[0]!.shape.join());
    const parts = result.map((each) => (alike ? each.unsqueeze(0) : each.flatten()));
    const joined = operations.cat(parts);
    for (const each of new Set([...result, ...parts])) each.dispose();
    return joined;
  };
}

/** The arguments of a fixture's call, with its inputs where they belong. */
export function callArguments(
  { inputs, arguments: rest, tensorList, operation }: OperationFixture,
  tensors: Tensor[],
): unknown[] {
  const referred = new Set<number>();
  // { input: i } stands for input i, among the arguments or in their options object.
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    if (!('input' in value)) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
    }
    referred.add(value.input as number);
    return tensors[value.input as number];
  };
  const others = rest.map((argument) =>
    argument === null ? (operation === 'slice' ? null : undefined) : resolve(argument),
  );
  const leading = inputs.flatMap((_, index) => (referred.has(index) ? [] : [tensors[index]!]));
  return tensorList ? [leading, ...others] : [...leading, ...others];
}

export async function compare(what: string, got: Tensor, wanted: FixtureTensor): Promise<string[]> {
  if (got.dtype !== wanted.dtype || got.shape.join() !== wanted.shape.join()) {
    return [
      `${what}: ${got.dtype}[${got.shape.join(', ')}], PyTorch ${wanted.dtype}[${wanted.shape.join(', ')}]`,
    ];
  }
  const values: TypedArray = await got.data();
  return wanted.data.flatMap((each, index) => {
    const [value, reference] = [values[index]!, Number(each)];
    if (Object.is(value, reference) || Math.abs(value - reference) <= ATOL + RTOL * Math.abs(reference))
      return [];
    return [`${what}, element ${index}: ${value}, PyTorch ${reference}`];
  });
}
