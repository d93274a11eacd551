import { type Maybe, signature } from '../tensor/arguments.ts';
import { constant, tensor } from '../tensor/create.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, either, listOf, oneOf, REAL, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { between } from './support/between.ts';
import { checkDtype } from './support/launch.ts';

type Each = number | readonly number[];

/** Options of `interpolate`. */
export interface InterpolateOptions {
  /** The new sizes of the spatial dims. */
  size?: Maybe<Each>;
  /** In place of `size`: the factors by which the sizes grow. */
  scaleFactor?: Maybe<Each>;
  /** 'nearest' is the default. */
  mode?: Maybe<'nearest' | 'bilinear'>;
  /** Whether the centres of the corner pixels stay in place, for 'bilinear'. False by default. */
  alignCorners?: Maybe<boolean>;
}

const EACH = either(REAL, listOf(REAL));
const takes = signature<{
  size?: Each;
  scaleFactor?: Each;
  mode?: 'nearest' | 'bilinear';
  alignCorners?: boolean;
}>(
  'interpolate',
  { x: TENSOR },
  { size: EACH, scaleFactor: EACH, mode: oneOf('nearest', 'bilinear'), alignCorners: BOOLEAN },
);

/**
 * Resizes images, volumes or sequences: all dims but the first two.
 *
 *     nearest    out[i] = x[⌊i / scale⌋]
 *     bilinear   out[i] = (1 - t) x[⌊p⌋] + t x[⌊p⌋ + 1],   p = (i + ½) / scale - ½ in both dims, not outside of x
 *
 * @param x [N, C, …], for 'bilinear' [N, C, height, width]
 * @param size the new sizes, or one for all dims
 * @param scaleFactor in place of `size`
 * @throws ArgumentError unless either `size` or `scaleFactor` is given
 * @example
 * images.interpolate({ scaleFactor: 2, mode: 'bilinear' });
 */
export function interpolate(
  x: Tensor,
  ...options:
    | [
        size?: Maybe<Each>,
        scaleFactor?: Maybe<Each>,
        mode?: Maybe<'nearest' | 'bilinear'>,
        alignCorners?: Maybe<boolean>,
      ]
    | [options: InterpolateOptions]
    | [size: Maybe<Each>, options: InterpolateOptions]
): Tensor {
  const { size, scaleFactor, mode = 'nearest', alignCorners = false } = takes([x, ...options]);
  const spatial = x.shape.slice(2);
  if (spatial.length === 0 || (mode === 'bilinear' && spatial.length !== 2)) {
    throw new ShapeError('interpolate', 'the dims do not fit', {
      takes: mode === 'bilinear' ? 'x [N, C, height, width]' : 'x [N, C, …] with at least one more dim',
      got: describe(x),
    });
  }
  if (mode === 'bilinear') checkDtype('interpolate', x, 'float32', 'float64');
  const given = size ?? scaleFactor;
  const each = typeof given === 'number' ? spatial.map(() => given) : (given ?? []);
  const sizes = spatial.map((length, at) =>
    size === undefined ? Math.floor(length * each[at]!) : each[at]!,
  );
  const fits =
    each.length === spatial.length && sizes.every((length) => Number.isSafeInteger(length) && length > 0);
  if (!fits || (size !== undefined && scaleFactor !== undefined) || spatial.includes(0)) {
    throw new ArgumentError('interpolate', 'invalid sizes', {
      takes:
        'either size or scaleFactor: a number, or one for each of the dims, that gives sizes of at least 1',
      got: `size ${String(size)} and scaleFactor ${String(scaleFactor)} for ${describe(x)}`,
    });
  }
  return scope(() =>
    sizes.reduce((resized, length, at) => {
      const from = spatial[at]!;
      const ratio = size === undefined ? 1 / each[at]! : from / length;
      if (mode === 'nearest') return resized.indexSelect(at + 2, positionsOf(from, length, ratio, x));
      return between(resized, at + 2, placesOf(from, length, alignCorners ? undefined : ratio));
    }, x),
  );
}

/** The positions that are copied: products in float32, which decides about those next to a whole number as in PyTorch. */
function positionsOf(from: number, length: number, ratio: number, { device }: Tensor): Tensor {
  const step = Math.fround(ratio);
  const places = Int32Array.from({ length }, (_, index) => Math.min(from - 1, Math.fround(index * step)));
  return constant(() => tensor(places, { device }));
}

/** The places of the new positions among the old ones; without a ratio, the corners are aligned. */
function placesOf(from: number, length: number, ratio: number | undefined): Float64Array {
  const step = (from - 1) / Math.max(1, length - 1);
  return Float64Array.from({ length }, (_, index) => {
    const place = ratio === undefined ? index * step : (index + 0.5) * ratio - 0.5;
    return Math.min(from - 1, Math.max(0, place));
  });
}
