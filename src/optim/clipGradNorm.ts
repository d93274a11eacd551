import { codes } from '../backend/signatures.ts';
import { type Kind, type Maybe, signature } from '../tensor/arguments.ts';
import { checkAlike } from '../tensor/checks.ts';
import { empty, zeros } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { REAL, TENSOR, TENSORS } from '../tensor/kinds.ts';
import { Tensor } from '../tensor/tensor.ts';
import { gradientsToChange, neighbours, type Run } from './gradientRuns.ts';

/** The most parts that a run of gradients is split into, and the fewest elements of a part. */
const PARTS = 256;
const SHORTEST = 4096;

const PARAMETERS: Kind = {
  takes: 'a tensor or a list of tensors',
  fits: (value) => TENSOR.fits(value) || TENSORS.fits(value),
};
const takes = signature<{ normType?: number }>(
  'clipGradNorm',
  { parameters: PARAMETERS, maxNorm: REAL },
  { normType: REAL },
);

/**
 * Scales the gradients of parameters in place, so that their norm, taken together as one vector, is at most maxNorm.
 *
 *     norm = (Σ |g|^normType)^(1 / normType),   g ← g · min(1, maxNorm / (norm + 1e-6))
 *
 * Everything happens on the device, in a fixed order. Gradients in an optimizer's flat buffer take one launch to reduce
 * (two if they are many) and one to scale.
 *
 * Source: PyTorch's torch.nn.utils.clip_grad_norm_; Pascanu, Mikolov, Bengio: On the difficulty of training recurrent
 * neural networks (2013).
 *
 * @param parameters leaves; those without a gradient are ignored
 * @param rest normType, in order or by name: p > 0, 2 by default; Infinity for the greatest magnitude
 * @returns the norm before clipping, as a scalar tensor; only reading it waits for the device. If a gradient is NaN,
 *   the norm and all gradients become NaN
 * @throws ArgumentError for a negative maxNorm, an invalid normType, or no parameters
 * @example
 * loss.backward();
 * clipGradNorm(model.parameters(), 1);
 * optimizer.step();
 */
export function clipGradNorm(
  parameters: Tensor | readonly Tensor[],
  maxNorm: number,
  ...rest: [options?: Maybe<{ normType?: Maybe<number> }>] | [normType: Maybe<number>]
): Tensor {
  const { normType = 2 } = takes([parameters, maxNorm, ...rest]);
  const distinct = [...new Set(parameters instanceof Tensor ? [parameters] : parameters)];
  if (!(maxNorm >= 0 && normType > 0) || distinct.length === 0) {
    throw new ArgumentError('clipGradNorm', 'invalid arguments', {
      takes: 'at least one parameter, maxNorm ≥ 0, normType > 0',
      got: `${distinct.length} parameters, maxNorm ${maxNorm}, normType ${normType}`,
    });
  }
  const gradients = gradientsToChange(distinct);
  const [first] = gradients;
  if (!first) return zeros([], { dtype: distinct[0]!.dtype, device: distinct[0]!.device });
  checkAlike('clipGradNorm', ...gradients);
  const runs = neighbours(gradients);
  const norm = totalNorm(runs, normType, first);
  for (const { buffer, offset, size } of runs) {
    norm.device.run('clip', { norm: norm.storage.buffer, gradients: buffer }, { size, offset, maxNorm });
  }
  return norm;
}

function totalNorm(runs: readonly Run[], power: number, { dtype, device }: Tensor): Tensor {
  const { EUCLIDEAN, ABSOLUTE, GREATEST, POWER } = codes.norm;
  const FORM = power === 2 ? EUCLIDEAN : power === 1 ? ABSOLUTE : power === Infinity ? GREATEST : POWER;
  const cut = runs.map((run) => {
    const chunk = Math.max(SHORTEST, Math.ceil(run.size / PARTS));
    return { ...run, chunk, parts: Math.ceil(run.size / chunk) };
  });
  const total = cut.reduce((sum, { parts }) => sum + parts, 0);
  if (total === 0) return zeros([], { dtype, device });
  const norm = empty([], { dtype, device });
  const parts = total === 1 ? norm : empty([3 * total], { dtype, device });
  const exponent = FORM === POWER ? power : 1;
  // 2³¹ terms up to 2⁹⁶ do not overflow float32. Squares that underflow belong to norms that no one clips.
  const [least, most] = [FORM === POWER ? 2 ** (-120 / power) : 0, 2 ** (96 / power)];
  let outOffset = 0;
  for (const { buffer, offset, size, chunk, parts: count } of cut) {
    device.run(
      'norm',
      { x: buffer, out: parts.storage.buffer },
      { size, chunk, offset, outOffset, power: exponent, least, most },
      { FORM, ROOT: total === 1 },
    );
    outOffset += 3 * count;
  }
  if (parts === norm) return norm;
  device.run(
    'norm',
    { x: parts.storage.buffer, out: norm.storage.buffer },
    { size: total, chunk: total, offset: 0, outOffset: 0, power: exponent, least, most },
    { FORM, TERMS: false },
  );
  parts.dispose();
  return norm;
}
