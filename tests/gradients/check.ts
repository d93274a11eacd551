import { type Backend, type DType, grad, open, scope } from '../../src/index.ts';
import type { TypedArray } from '../../src/backend/dtypes.ts';
import { type Derivative, derivatives, secondDerivatives } from '../../src/diagnostics/gradcheck.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { backwardPlaced, placed, placeGradient, writtenAround } from '../placed.ts';
import type { Case, Floating, Row } from './cases.ts';
import { realise } from './inputs.ts';

/** Bound on the relative error of analytical derivatives against central differences, in float64. */
export const DERIVATIVE_BOUND = 1e-6;

/**
 * Bound between WebGPU in float32 and the CPU in float64, from the same float32 inputs:
 *
 *     |webgpu - cpu| ≤ DEVIATION_BOUND · √terms · max(|cpu|, min(1, M))
 *
 * with M the largest magnitude in the tensor: some ten float32 roundings, and for sums what roundings add up to. NaN
 * and infinities are equal. A row may widen the bound, and says why.
 */
export const DEVIATION_BOUND = 1e-6;

/** Elements of inputs and result up to which every single derivative is checked; beyond, random directions. */
const FEW = 30;

export interface DerivativeErrors {
  first: number;
  second: number;
}

/** The worst relative errors of a case's derivatives: |a - n| / max(1, |a|, |n|). */
export async function derivativeErrors({ inputs, fn }: Case, cpu: Backend): Promise<DerivativeErrors> {
  const tensors = inputs.map((input, seed) => realise(input, seed, cpu, 'float64'));
  const output = fn(...tensors);
  const fastMode = [output, ...tensors].reduce((size, each) => size + each.numel(), 0) > FEW;
  output.dispose();
  const errors = {
    first: worst(await derivatives(fn, tensors, { fastMode })),
    second: worst(await secondDerivatives(fn, tensors, { fastMode })),
  };
  for (const each of tensors) each.dispose();
  return errors;
}

function worst(found: readonly Derivative[]): number {
  const errors = found.map(
    ({ analytical: a, numerical: n }) => Math.abs(a - n) / Math.max(1, Math.abs(a), Math.abs(n)),
  );
  return errors.reduce((most, error) => (error <= most ? most : Number.isNaN(error) ? Infinity : error), 0);
}

/** Whether central differences apply. */
export function hasDerivatives(row: Row, { inputs, notNumerically }: Case): boolean {
  return row.differentiable && !notNumerically && inputs.some(({ kind }) => kind === 'float');
}

/** What a case gave on a device: the result and the gradients of its inputs. */
export interface Outcome {
  dtype: DType;
  shape: readonly number[];
  values: TypedArray;
  gradients: (TypedArray | null)[];
}

export async function evaluate({ inputs, fn }: Case, device: Backend, floating: Floating): Promise<Outcome> {
  const { output, gradients } = scope(() => {
    const tensors = inputs.map((input, seed) => realise(input, seed, device, floating));
    const output = fn(...tensors);
    if (!output.requiresGrad) return { output, gradients: [] };
    const wanted = tensors.filter(({ requiresGrad }) => requiresGrad);
    const gradOutputs = [weightsOf(output, floating)];
    return { output: output.detach(), gradients: grad(output, wanted, { gradOutputs, allowUnused: true }) };
  });
  return read(output, gradients);
}

/** The same from views in the middle of buffers; the gradients go to destinations in the middle of others. */
export async function evaluatePlaced(
  { inputs, fn }: Case,
  device: Backend,
  floating: Floating,
): Promise<Outcome> {
  const { output, gradients, destinations } = scope(() => {
    const tensors = inputs.map((input, seed) => {
      const view = placed(realise(input, seed, device, floating), seed);
      view.requiresGrad = input.kind === 'float';
      return view;
    });
    const output = fn(...tensors);
    if (!output.requiresGrad) return { output, gradients: [], destinations: [] };
    const wanted = tensors.filter(({ requiresGrad }) => requiresGrad);
    const destinations = wanted.map(placeGradient);
    backwardPlaced(output, weightsOf(output, floating));
    return {
      output: output.detach(),
      gradients: wanted.map((each) => each.grad?.clone() ?? null),
      destinations,
    };
  });
  const around = await Promise.all(destinations.map(writtenAround));
  if (around.includes(true)) throw new Error('something is written next to a gradient');
  return read(output, gradients);
}

/** d loss / d output. */
function weightsOf({ shape, dtype, device }: Tensor, floating: Floating): Tensor {
  const value = (_: number, random: () => number): number => 4 * random() - 2;
  return realise({ shape, kind: 'float', value }, 99, device, floating).to(dtype).detach();
}

async function read(output: Tensor, gradients: readonly (Tensor | null)[]): Promise<Outcome> {
  const valuesOf = async (each: Tensor): Promise<TypedArray> => {
    const data = await each.data();
    each.dispose();
    return data;
  };
  const { dtype, shape } = output;
  return {
    dtype,
    shape,
    values: await valuesOf(output),
    gradients: await Promise.all(gradients.map(async (each) => (each ? valuesOf(each) : null))),
  };
}

/**
 * The worst deviation of a device from the reference, in units of √terms · max(|reference|, min(1, M)). Throws unless the
 * device computes the same bits a second time, from views in the middle of buffers.
 */
export async function deviation(each: Case, reference: Backend, device: Backend): Promise<number> {
  const expected = await evaluate(each, reference, 'float64');
  const found = await evaluate(each, device, 'float32');
  const again = await evaluatePlaced(each, device, 'float32');
  const dtype = expected.dtype === 'float64' ? 'float32' : expected.dtype;
  if (found.dtype !== dtype || found.shape.join() !== expected.shape.join()) {
    throw new Error(
      `${device.name} gives ${found.dtype}[${found.shape.join()}], the reference ${dtype}[${expected.shape.join()}]`,
    );
  }
  if (!sameBits(found, again))
    throw new Error('other bits the second time, from views in the middle of buffers');
  const pairs = [
    [found.values, expected.values],
    ...found.gradients.map((each, i) => [each, expected.gradients[i]!]),
  ] as const;
  const scale = Math.sqrt(each.terms ?? 1);
  return Math.max(
    0,
    ...pairs.map(([actual, wanted]) =>
      actual && wanted ? farthest(actual, wanted) / scale : actual === wanted ? 0 : Infinity,
    ),
  );
}

function farthest(actual: TypedArray, wanted: TypedArray): number {
  if (actual.length !== wanted.length) return Infinity;
  const floating = actual instanceof Float32Array;
  const rounded = floating ? Float32Array.from(wanted) : wanted;
  const magnitudes = Array.from(rounded, Math.abs).filter(Number.isFinite);
  const least = Math.min(
    1,
    magnitudes.reduce((most, each) => Math.max(most, each), 0),
  );
  let most = 0;
  actual.forEach((value, element) => {
    const reference = rounded[element]!;
    if (value === reference || (Number.isNaN(value) && Number.isNaN(reference))) return;
    const error = Math.abs(value - reference) / Math.max(least, Math.abs(reference));
    most = floating && Number.isFinite(error) ? Math.max(most, error) : Infinity;
  });
  return most;
}

/** Whether all numbers are the same to the bit. Which NaN a processor makes of others differs from loop to loop. */
export function sameBits(left: Outcome, right: Outcome): boolean {
  const all = ({ values, gradients }: Outcome): TypedArray[] =>
    [values, ...gradients].map((each) => each ?? new Uint8Array());
  const others = all(right);
  return all(left).every((each, index) => {
    const other = others[index]!;
    return each.length === other.length && each.every((value, at) => Object.is(value, other[at]));
  });
}

/** The reference: plain code in float64, for every dtype. */
export const openReference = (): Promise<Backend> => open('cpu', { reference: true });
