import type { Variant } from '../backend.ts';
import type { Twin } from './twin.ts';

/** A window of a plane. */
export interface Window {
  /** The places inside the image: start and end (exclusive). */
  y: readonly [number, number];
  x: readonly [number, number];
  divisor: number;
}

/** The windows of a plane, in row-major order. */
export function windowsOf(variant: Variant<'averagePool'>): Window[] {
  const { HEIGHT = 1, WIDTH = 1, OUT_HEIGHT = 1, OUT_WIDTH = 1 } = variant;
  const { WINDOW_HEIGHT = 1, WINDOW_WIDTH = 1, STRIDE_Y = 1, STRIDE_X = 1 } = variant;
  const { PADDING_Y = 0, PADDING_X = 0, ADAPTIVE = false, COUNT_PADDING = true, DIVISOR = 0 } = variant;
  const span = (i: number, length: number, outputs: number): readonly [number, number] => [
    Math.floor((i * length) / outputs),
    Math.ceil(((i + 1) * length) / outputs),
  ];
  const step = (start: number, window: number, end: number): readonly [number, number] => [
    start,
    Math.min(start + window, end),
  ];
  const inside = ([from, to]: readonly [number, number], length: number): readonly [number, number] => [
    Math.max(from, 0),
    Math.min(to, length),
  ];
  const size = ([from, to]: readonly [number, number]): number => to - from;
  return Array.from({ length: OUT_HEIGHT * OUT_WIDTH }, (_, index) => {
    const [i, j] = [Math.floor(index / OUT_WIDTH), index % OUT_WIDTH];
    const rows = ADAPTIVE
      ? span(i, HEIGHT, OUT_HEIGHT)
      : step(i * STRIDE_Y - PADDING_Y, WINDOW_HEIGHT, HEIGHT + PADDING_Y);
    const columns = ADAPTIVE
      ? span(j, WIDTH, OUT_WIDTH)
      : step(j * STRIDE_X - PADDING_X, WINDOW_WIDTH, WIDTH + PADDING_X);
    const [y, x] = [inside(rows, HEIGHT), inside(columns, WIDTH)];
    const places = COUNT_PADDING ? size(rows) * size(columns) : size(y) * size(x);
    return { y, x, divisor: DIVISOR === 0 ? places : DIVISOR };
  });
}

export const averagePool: Twin<'averagePool'> = ({ x, out }, { size, offset }, variant) => {
  const { HEIGHT = 1, WIDTH = 1 } = variant;
  const windows = windowsOf(variant);
  for (let element = 0, plane = offset; element < size; plane += HEIGHT * WIDTH) {
    for (const { y: rows, x: columns, divisor } of windows) {
      let total = 0;
      for (let y = rows[0]; y < rows[1]; y++) {
        for (let at = columns[0]; at < columns[1]; at++) total += x[plane + y * WIDTH + at]!;
      }
      out[element++] = total / divisor;
    }
  }
};

/** Every window adds its gradient to its places, in order. The kernel gathers the same sums. */
export const averagePoolGradient: Twin<'averagePoolGradient'> = ({ gradient, out }, { offset }, variant) => {
  const { HEIGHT = 1, WIDTH = 1 } = variant;
  const windows = windowsOf(variant);
  const totals = new Float64Array(out.length);
  for (let plane = 0, element = offset; plane < out.length; plane += HEIGHT * WIDTH) {
    for (const { y: rows, x: columns, divisor } of windows) {
      const share = gradient[element++]! / divisor;
      for (let y = rows[0]; y < rows[1]; y++) {
        for (let at = columns[0]; at < columns[1]; at++) totals[plane + y * WIDTH + at]! += share;
      }
    }
  }
  out.set(totals);
};
