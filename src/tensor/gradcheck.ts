import { isFloating, type TypedArray } from '../backend/dtypes.ts';
import { philox4x32 } from '../backend/philox.ts';
import { grad } from './backward.ts';
import { tensor } from './create.ts';
import { DTypeError, GradientError } from './errors.ts';
import { scope } from './scope.ts';
import { sizeOf, stridesOf } from './shape.ts';
import { describe, type Tensor } from './tensor.ts';

export interface GradcheckOptions {
  /** Step of the central differences; 1e-4 by default. */
  eps?: number;
  /** Bounds: |analytical - numerical| ≤ atol + rtol · |numerical|; 1e-6 each by default. */
  atol?: number;
  rtol?: number;
  /** Compare along a few random directions instead of at every element: for large inputs. */
  fastMode?: boolean;
}

/** What `gradcheck` checks: a differentiable function of tensors. */
export type Differentiable = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** One derivative, by backward and by differences: at an element of an input, or along a random direction. */
export interface Derivative {
  at: string;
  analytical: number;
  numerical: number;
}

const DIRECTIONS = 4;

/**
 * Checks backward against central differences: those of Σ w ⊙ fn(x), with random weights w.
 *
 *     ds/dx ≈ (8 s(x + h) - 8 s(x - h) - s(x + 2h) + s(x - 2h)) / 12h,   with an error of order h⁴
 *
 * @param fn a function without kinks within 2 eps of the inputs; it is called some four times an element
 * @param inputs float64 where they require gradients, so on the CPU
 * @returns true
 * @throws GradientError that names the input, the element and both values
 * @example
 * const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true, device: await open('cpu') });
 * await gradcheck((x) => x.exp().sum(), [x]);
 */
export async function gradcheck(
  fn: Differentiable,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): Promise<true> {
  return agree('gradcheck', await derivatives(fn, inputs, options), options);
}

/** Checks second derivatives: `gradcheck` of the gradients of `fn`, in its inputs and in the gradient of its output. */
export async function gradgradcheck(
  fn: Differentiable,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): Promise<true> {
  return agree('gradgradcheck', await secondDerivatives(fn, inputs, options), options);
}

function agree(name: string, found: readonly Derivative[], { atol = 1e-6, rtol = 1e-6 }: GradcheckOptions): true {
  for (const { at, analytical, numerical } of found) {
    if (Math.abs(analytical - numerical) <= atol + rtol * Math.abs(numerical)) continue;
    throw new GradientError(
      `${name}: the gradients differ at ${at}\n  analytical  ${analytical}\n  numerical   ${numerical}\n` +
        `  takes       |analytical - numerical| ≤ ${atol} + ${rtol} |numerical|`,
    );
  }
  return true;
}

/** The derivatives that `gradcheck` compares. */
export async function derivatives(
  fn: Differentiable,
  inputs: readonly Tensor[],
  { eps = 1e-4, fastMode = false }: GradcheckOptions = {},
): Promise<Derivative[]> {
  const wanted = inputs.flatMap((input, index) => (input.requiresGrad ? [index] : []));
  const other = wanted.map((index) => inputs[index]!).find((input) => input.dtype !== 'float64');
  if (other || wanted.length === 0) {
    throw new DTypeError('gradcheck', 'not in float64', {
      takes: 'inputs that require gradients, in float64 (on the CPU backend)',
      got: other ? describe(other) : 'none that requires a gradient',
    });
  }
  const values = await Promise.all(inputs.map((input) => input.data()));
  const slopes = await analyticalGradients(fn, wanted.map((index) => inputs[index]!));
  return fastMode ? alongDirections() : atElements();

  async function atElements(): Promise<Derivative[]> {
    const found: Derivative[] = [];
    for (const [position, index] of wanted.entries()) {
      for (let element = 0; element < values[index]!.length; element++) {
        const numerical = await slope((input, each) => (input === index && each === element ? 1 : 0));
        const at = `input ${index}, element ${coordinates(element, inputs[index]!)}`;
        found.push({ at, analytical: slopes[position]![element]!, numerical });
      }
    }
    return found;
  }

  async function alongDirections(): Promise<Derivative[]> {
    const found: Derivative[] = [];
    for (let direction = 0; direction < DIRECTIONS; direction++) {
      const along = (input: number, element: number): number => random(direction, input, element);
      const analytical = wanted.reduce(
        (total, index, position) =>
          slopes[position]!.reduce((sum, value, element) => sum + value * along(index, element), total),
        0,
      );
      found.push({ at: `random direction ${direction}`, analytical, numerical: await slope(along) });
    }
    return found;
  }

  /** The numerical derivative along a direction. */
  async function slope(along: (input: number, element: number) => number): Promise<number> {
    const [far, near, nearer, farther] = await Promise.all([-2, -1, 1, 2].map((step) => moved(step * eps, along)));
    let sum = 0;
    nearer!.forEach((output, index) =>
      output.forEach((value, element) => {
        const small = value - near![index]![element]!;
        const large = farther![index]![element]! - far![index]![element]!;
        sum += weight(index, element) * (8 * small - large);
      }),
    );
    return sum / (12 * eps);
  }

  /** The outputs with every input moved by `step` along a direction. */
  async function moved(step: number, along: (input: number, element: number) => number): Promise<TypedArray[]> {
    const outputs = scope(() => {
      const shifted = inputs.map((input, index) => {
        if (!wanted.includes(index)) return input;
        const data = values[index]!.map((value, element) => value + step * along(index, element));
        return tensor(data, { shape: input.shape, device: input.device, requiresGrad: true });
      });
      return floating(fn(...shifted)).map((output) => output.detach());
    });
    return readAll(outputs);
  }

  async function analyticalGradients(f: Differentiable, leaves: readonly Tensor[]): Promise<TypedArray[]> {
    const gradients = scope(() => {
      const outputs = floating(f(...inputs)).map((output, index) => ({ output, index }));
      const recorded = outputs.filter(({ output }) => output.requiresGrad);
      if (recorded.length === 0) throw new GradientError('gradcheck: the function gives no output that requires a gradient');
      return grad(
        recorded.map(({ output }) => output),
        leaves,
        { gradOutputs: recorded.map(({ output, index }) => weightsOf(output, index)), allowUnused: true },
      );
    });
    return Promise.all(
      gradients.map(async (gradient, index) => {
        if (!gradient) return new Float64Array(leaves[index]!.numel());
        const [data] = await readAll([gradient]);
        return data!;
      }),
    );
  }
}

/** The derivatives that `gradgradcheck` compares. */
export async function secondDerivatives(
  fn: Differentiable,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): Promise<Derivative[]> {
  const weights = scope(() =>
    floating(fn(...inputs))
      .filter((output) => output.requiresGrad)
      .map(weightsOf),
  );
  for (const each of weights) each.requiresGrad = true;
  const gradients = (...all: Tensor[]): Tensor[] => {
    const given = all.slice(0, inputs.length);
    const outputs = floating(fn(...given)).filter((output) => output.requiresGrad);
    const leaves = given.filter((input) => input.requiresGrad);
    const found = grad(outputs, leaves, { gradOutputs: all.slice(inputs.length), createGraph: true, allowUnused: true });
    return found.filter((gradient) => gradient !== null);
  };
  try {
    return await derivatives(gradients, [...inputs, ...weights], options);
  } finally {
    for (const each of weights) each.dispose();
  }
}

function floating(outputs: Tensor | readonly Tensor[]): readonly Tensor[] {
  return ('dtype' in outputs ? [outputs] : outputs).filter(({ dtype }) => isFloating(dtype));
}

async function readAll(tensors: readonly Tensor[]): Promise<TypedArray[]> {
  const data = await Promise.all(tensors.map((each) => each.data()));
  for (const each of tensors) each.dispose();
  return data;
}

function weightsOf({ shape, dtype, device }: Tensor, output: number): Tensor {
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, element) => weight(output, element));
  return tensor(data, { shape, dtype, device });
}

function weight(output: number, element: number): number {
  return random(DIRECTIONS, output, element);
}

/** A number in [-1, 1) that depends on its arguments alone. */
function random(stream: number, index: number, element: number): number {
  return philox4x32([element, index, stream, 0], [0, 0])[0] * 2 ** -31 - 1;
}

function coordinates(element: number, { shape }: Tensor): string {
  const strides = stridesOf(shape);
  return `[${shape.map((length, axis) => Math.floor(element / strides[axis]!) % length).join(', ')}]`;
}
