import { type Tensor } from '../../../../tensor/tensor.ts';
import { constant, tensor } from '../../../../tensor/create.ts';
import { between } from '../../../../ops/support/between.ts';
import { OnnxError } from '../../error.ts';
import type { Call, Operator, Operators } from '../call.ts';
import { checkSize } from '../sizes.ts';

/** How a position of the result is one of the input. */
type Place = (at: number, from: number, to: number, scale: number) => number;

const places: Readonly<Record<string, Place>> = {
  half_pixel: (at, _, __, scale) => (at + 0.5) / scale - 0.5,
  pytorch_half_pixel: (at, _, to, scale) => (to > 1 ? (at + 0.5) / scale - 0.5 : 0),
  asymmetric: (at, _, __, scale) => at / scale,
  align_corners: (at, from, to) => (to === 1 ? 0 : (at * (from - 1)) / (to - 1)),
};

const roundings: Readonly<Record<string, (place: number) => number>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Images of another size, one axis after the other: by a selection of positions, or by means of two. */
const resize: Operator = (call) => {
  const x = call.tensor(0);
  const isOld = call.node.operator === 'Upsample' || call.opset < 11;
  const mode = call.word('mode', ['nearest', 'linear'], 'nearest');
  const place =
    places[
      call.word('coordinate_transformation_mode', Object.keys(places), isOld ? 'asymmetric' : 'half_pixel')
    ]!;
  const round =
    roundings[call.word('nearest_mode', Object.keys(roundings), isOld ? 'floor' : 'round_prefer_floor')]!;
  if (call.int('antialias', 0) !== 0) throw new OnnxError('antialias is not supported');
  const { sizes, scales } = targetOf(call, x, isOld);
  checkSize(sizes);
  return sizes.reduce((resized, to, axis) => {
    const from = x.shape[axis]!;
    if (to === from && scales[axis] === 1) return resized;
    const at = (index: number): number => place(index, from, to, scales[axis]!);
    if (mode === 'linear') {
      return between(
        resized,
        axis,
        Float64Array.from({ length: to }, (_, index) => within(at(index), from)),
      );
    }
    const positions = Int32Array.from({ length: to }, (_, index) => within(round(at(index)), from));
    return resized.indexSelect(
      axis,
      constant(() => tensor(positions, { device: x.device })),
    );
  }, x);
};

const within = (place: number, length: number): number => Math.max(0, Math.min(length - 1, place));

/** The sizes of the result, and the factors by which they grow. */
function targetOf(
  call: Call,
  x: Tensor,
  isOld: boolean,
): { sizes: readonly number[]; scales: readonly number[] } {
  const given = isOld ? call.optionalNumbers(1) : call.optionalNumbers(2);
  const wanted = isOld ? undefined : call.optionalNumbers(3);
  const axes = call.ints('axes')?.map((axis) => call.axis(axis)) ?? x.shape.map((_, axis) => axis);
  const spread = (values: readonly number[], rest: readonly number[]): number[] => {
    if (values.length !== axes.length)
      throw new OnnxError(`takes ${axes.length} sizes or scales, got ${values.length}`);
    return rest.map((value, axis) => (axes.includes(axis) ? values[axes.indexOf(axis)]! : value));
  };
  if (wanted && wanted.length > 0) {
    if (call.text('keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
      throw new OnnxError('keep_aspect_ratio_policy is not supported');
    }
    const sizes = spread(wanted, x.shape);
    return { sizes, scales: sizes.map((size, axis) => size / x.shape[axis]!) };
  }
  const scales = spread(
    given ?? [],
    x.shape.map(() => 1),
  );
  return { sizes: scales.map((scale, axis) => Math.floor(x.shape[axis]! * scale)), scales };
}

export const resizing: Operators = { Resize: resize, Upsample: resize };
