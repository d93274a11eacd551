import { isFloating } from '../backend/dtypes.ts';
import { philox4x32 } from '../backend/philox.ts';
import { grad } from '../tensor/backward.ts';
import { FUNCTION, kindOf, type Maybe, type Signature, signature } from '../tensor/arguments.ts';
import { tensor } from '../tensor/create.ts';
import { ArgumentError, DTypeError, GradientError } from '../tensor/errors.ts';
import { BOOLEAN, REAL, TENSOR, TENSORS } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { sizeOf, stridesOf } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';

/** Options of `gradcheck` and `gradgradcheck`. */
export interface GradcheckOptions {
  /** The step of the central differences. Default 1e-4. */
  eps?: number;
  /** Bounds: |analytical - numerical| ≤ atol + rtol · |numerical|. Default 1e-6 each. */
  atol?: number;
  rtol?: number;
  /** Compares along a few random directions instead of at every element, for large inputs. */
  fastMode?: boolean;
}

/** The optional arguments of `gradcheck`: in this order, or the last of them by name. */
export type GradcheckArguments =
  | [options?: Maybe<GradcheckOptions>]
  | [eps: Maybe<number>, atol?: Maybe<number>, rtol?: Maybe<number>, options?: Maybe<GradcheckOptions>];

const checkSignature = (name: string): Signature<GradcheckOptions> =>
  signature<GradcheckOptions>(
    name,
    { fn: FUNCTION, inputs: TENSORS },
    { eps: REAL, atol: REAL, rtol: REAL, fastMode: BOOLEAN },
    3,
  );
const gradcheckArguments = checkSignature('gradcheck');
const gradgradcheckArguments = checkSignature('gradgradcheck');

/** The function that `gradcheck` checks: a differentiable function of tensors. */
export type Differentiable = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** One derivative by backward and by differences, at an element of an input or along a random direction. */
export interface Derivative {
  at: string;
  analytical: number;
  numerical: number;
}

/** The number of directions in fast mode. */
const DIRECTIONS = 2;

/**
 * Compares backward with central differences of s = Σ w ⊙ fn(x), with random weights w.
 *
 *     ds/dx ≈ (8 s(x + h) - 8 s(x - h) - s(x + 2h) + s(x - 2h)) / 12h,   with an error of order h⁴
 *
 * @param fn a function without kinks within 2 eps of the inputs; it is called about four times per element
 * @param inputs float64 if they require gradients, and therefore on the CPU
 * @returns true
 * @throws GradientError naming the input, the element and both values
 * @example
 * const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true, device: await open('cpu') });
 * await gradcheck((x) => x.exp().sum(), [x]);
 */
export async function gradcheck(
  fn: Differentiable,
  inputs: readonly Tensor[],
  ...rest: GradcheckArguments
): Promise<true> {
  const options = gradcheckArguments([fn, inputs, ...rest]);
  return agree('gradcheck', await derivatives(fn, inputs, options), options);
}

/**
 * Checks second derivatives: applies `gradcheck` to the gradients of `fn`, as functions of its inputs and of the
 * gradient of its output.
 */
export async function gradgradcheck(
  fn: Differentiable,
  inputs: readonly Tensor[],
  ...rest: GradcheckArguments
): Promise<true> {
  const options = gradgradcheckArguments([fn, inputs, ...rest]);
  return agree('gradgradcheck', await secondDerivatives(fn, inputs, options), options);
}

function agree(
  name: string,
  found: readonly Derivative[],
  { atol = 1e-6, rtol = 1e-6 }: GradcheckOptions,
): true {
  for (const { at, analytical, numerical } of found) {
    if (Math.abs(analytical - numerical) <= atol + rtol * Math.abs(numerical)) continue;
    throw new GradientError(
      `${name}: the gradients differ at ${at}\n  analytical  ${analytical}\n  numerical   ${numerical}\n` +
        `  takes       |analytical - numerical| ≤ ${atol} + ${rtol} |numerical|`,
    );
  }
  return true;
}

/** Computes the derivatives that `gradcheck` compares. */
export async function derivatives(
  fn: Differentiable,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): Promise<Derivative[]> {
  checkInputs(inputs);
  if (!scope(() => floating(fn(...inputs)).some((output) => output.requiresGrad))) {
    throw new GradientError('gradcheck: no output of the function requires a gradient');
  }
  return compared(fn, inputs, options);
}

function checkInputs(inputs: readonly Tensor[]): void {
  const leaves = inputs.filter((input) => input.requiresGrad);
  const other = leaves.find((input) => input.dtype !== 'float64');
  if (!other && leaves.length > 0) return;
  throw new DTypeError('gradcheck', 'not in float64', {
    takes: 'inputs that require gradients, in float64 (on the CPU backend)',
    got: other ? describe(other) : 'none that requires a gradient',
  });
}

/** Computes both kinds of derivatives. The derivative of an output that requires no gradient is 0. */
async function compared(
  fn: Differentiable,
  inputs: readonly Tensor[],
  { eps = 1e-4, fastMode = false }: GradcheckOptions,
): Promise<Derivative[]> {
  const leaves = inputs.filter((input) => input.requiresGrad);
  const values = await Promise.all(leaves.map(host));
  const { gradients, weights } = await analytical(fn, inputs, leaves);

  /** The numerical derivative along a direction, which has one part per leaf. */
  const slope = async (direction: readonly Float64Array[]): Promise<number> => {
    const moved = (step: number): Promise<Float64Array[]> => {
      const shifted = values.map((data, leaf) =>
        data.map((value, i) => value + step * eps * direction[leaf]![i]!),
      );
      return outputsAt(fn, inputs, shifted);
    };
    const [far, near, next, beyond] = await Promise.all([moved(-2), moved(-1), moved(1), moved(2)]);
    const weighted = weights.map((weight, output) =>
      weight.map((w, i) => {
        const [small, large] = [
          next[output]![i]! - near[output]![i]!,
          beyond[output]![i]! - far[output]![i]!,
        ];
        return w * (8 * small - large);
      }),
    );
    return total(weighted) / (12 * eps);
  };

  const found: Derivative[] = [];
  if (fastMode) {
    for (let stream = 1; stream <= DIRECTIONS; stream++) {
      const direction = values.map((data, leaf) => noise(stream, leaf, data.length));
      const products = direction.map((part, leaf) => part.map((value, i) => value * gradients[leaf]![i]!));
      found.push({
        at: `random direction ${stream}`,
        analytical: total(products),
        numerical: await slope(direction),
      });
    }
    return found;
  }
  const direction = values.map((data) => new Float64Array(data.length));
  for (const [leaf, part] of direction.entries()) {
    const input = leaves[leaf]!;
    for (let i = 0; i < part.length; i++) {
      part[i] = 1;
      const at = `input ${inputs.indexOf(input)}, element ${coordinates(i, input)}`;
      found.push({ at, analytical: gradients[leaf]![i]!, numerical: await slope(direction) });
      part[i] = 0;
    }
  }
  return found;
}

/** The gradients of the leaves by backward, and the random weights of the outputs. */
async function analytical(
  fn: Differentiable,
  inputs: readonly Tensor[],
  leaves: readonly Tensor[],
): Promise<{ gradients: Float64Array[]; weights: Float64Array[] }> {
  const { found, weights } = scope(() => {
    const outputs = floating(fn(...inputs));
    const weights = outputs.map((output, index) => noise(0, index, output.numel()));
    const recorded = outputs.filter((output) => output.requiresGrad);
    if (recorded.length === 0) return { found: leaves.map(() => null), weights };
    const gradOutputs = recorded.map((output) => {
      const { shape, dtype, device } = output;
      return tensor(weights[outputs.indexOf(output)]!, { shape, dtype, device });
    });
    return { found: grad(recorded, leaves, { gradOutputs, allowUnused: true }), weights };
  });
  const gradients = await Promise.all(
    found.map(async (gradient, leaf) =>
      gradient ? taken(gradient) : new Float64Array(leaves[leaf]!.numel()),
    ),
  );
  return { gradients, weights };
}

/** The outputs for other values of the leaves. */
function outputsAt(
  fn: Differentiable,
  inputs: readonly Tensor[],
  values: readonly Float64Array[],
): Promise<Float64Array[]> {
  let leaf = 0;
  const outputs = scope(() => {
    const moved = inputs.map((input) => {
      const { shape, device, requiresGrad } = input;
      return requiresGrad ? tensor(values[leaf++]!, { shape, device, requiresGrad }) : input;
    });
    return floating(fn(...moved)).map((output) => output.detach());
  });
  return Promise.all(outputs.map(taken));
}

/** Computes the derivatives that `gradgradcheck` compares. */
export async function secondDerivatives(
  fn: Differentiable,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): Promise<Derivative[]> {
  checkInputs(inputs);
  const weights = scope(() =>
    floating(fn(...inputs))
      .filter((output) => output.requiresGrad)
      .map(({ shape, dtype, device }, index) =>
        tensor(noise(0, index, sizeOf(shape)), { shape, dtype, device, requiresGrad: true }),
      ),
  );
  const gradients = (...all: Tensor[]): Tensor[] => {
    const given = all.slice(0, inputs.length);
    const outputs = floating(fn(...given)).filter((output) => output.requiresGrad);
    const leaves = given.filter((input) => input.requiresGrad);
    const found = grad(outputs, leaves, {
      gradOutputs: all.slice(inputs.length),
      createGraph: true,
      allowUnused: true,
    });
    return found.filter((gradient) => gradient !== null);
  };
  try {
    return await compared(gradients, [...inputs, ...weights], options);
  } finally {
    for (const each of weights) each.dispose();
  }
}

function floating(outputs: Tensor | readonly Tensor[]): readonly Tensor[] {
  if (!TENSOR.fits(outputs) && !TENSORS.fits(outputs)) {
    throw new ArgumentError('gradcheck', 'the function returns no tensors', {
      takes: 'a function that returns a tensor or a list of tensors',
      got: kindOf(outputs),
    });
  }
  return ('dtype' in outputs ? [outputs] : outputs).filter(({ dtype }) => isFloating(dtype));
}

async function host(x: Tensor): Promise<Float64Array> {
  return Float64Array.from(await x.data());
}

async function taken(x: Tensor): Promise<Float64Array> {
  const data = await host(x);
  x.dispose();
  return data;
}

/** Numbers in [-1, 1) that depend only on the arguments. */
function noise(stream: number, index: number, length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => philox4x32([i, index, stream, 0], [0, 0])[0] * 2 ** -31 - 1);
}

function total(parts: readonly Float64Array[]): number {
  return parts.reduce((sum, part) => part.reduce((partial, value) => partial + value, sum), 0);
}

function coordinates(element: number, { shape }: Tensor): string {
  const strides = stridesOf(shape);
  return `[${shape.map((length, axis) => Math.floor(element / strides[axis]!) % length).join(', ')}]`;
}
