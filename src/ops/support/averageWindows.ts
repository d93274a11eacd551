import type { Variant } from '../../backend/backend.ts';
import { empty, zeros } from '../../tensor/create.ts';
import type { Shape } from '../../tensor/shape.ts';
import { type Gradients, withGradient } from '../../tensor/tape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { dense, freeCopy } from '../../tensor/dense.ts';
import { reach, tile, tilesOf, type Windows } from './pooling.ts';

/** The divisor of window sums. */
export interface Division {
  countIncludePad?: boolean;
  /** 0 for the number of places. */
  divisor?: number;
  /** Windows that divide the image as evenly as integers allow, independent of the strides. */
  adaptive?: boolean;
}

/** The mean of each window. */
export function averageWindows(name: string, x: Tensor, windows: Windows, division: Division): Tensor {
  const out = empty(windows.shape, { dtype: x.dtype, device: x.device });
  if (out.numel() > 0) {
    const images = dense(x);
    x.device.run(
      'averagePool',
      { x: images.storage.buffer, out: out.storage.buffer },
      { size: out.numel(), offset: images.offset },
      constants(windows, division),
    );
    freeCopy(images, x);
  }
  const { shape } = x;
  const rule = (gradient: Tensor): Gradients => [() => spread(name, gradient, windows, division, shape)];
  return withGradient(name, out, [x], [], rule, { windows, division });
}

/** Spreads each window's gradient, divided, over its places. Linear, so its own gradient averages again. */
function spread(name: string, gradient: Tensor, windows: Windows, division: Division, shape: Shape): Tensor {
  const { dtype, device } = gradient;
  const out = (gradient.numel() > 0 ? empty : zeros)(shape, { dtype, device });
  if (gradient.numel() > 0) {
    const source = dense(gradient);
    const { y, x, planes } = windows;
    const { adaptive = false } = division;
    device.run(
      'averagePoolGradient',
      { gradient: source.storage.buffer, out: out.storage.buffer },
      { tiles: planes * tilesOf(y) * tilesOf(x), offset: source.offset },
      {
        ...constants(windows, division),
        // An adaptive window shares places with its neighbours on both sides.
        REACH_Y: adaptive ? adaptiveReach(y.length, y.outputs) : reach(y),
        REACH_X: adaptive ? adaptiveReach(x.length, x.outputs) : reach(x),
        TILE_HEIGHT: tile(y),
        TILE_WIDTH: tile(x),
      },
    );
    freeCopy(source, gradient);
  }
  return withGradient(`${name}Gradient`, out, [gradient], [], (gg) => [
    () => averageWindows(name, gg, windows, division),
  ]);
}

/** The most windows that contain one place: ⌊place · outputs / length⌋ … ⌈(place + 1) · outputs / length⌉ - 1. */
function adaptiveReach(length: number, outputs: number): number {
  let most = 1;
  for (let place = 0; place < length; place++) {
    const windows = Math.ceil(((place + 1) * outputs) / length) - Math.floor((place * outputs) / length);
    most = Math.max(most, windows);
  }
  return most;
}

function constants(
  { y, x }: Windows,
  { countIncludePad = true, divisor = 0, adaptive = false }: Division,
): Variant<'averagePool'> & Variant<'averagePoolGradient'> {
  return {
    HEIGHT: y.length,
    WIDTH: x.length,
    OUT_HEIGHT: y.outputs,
    OUT_WIDTH: x.outputs,
    WINDOW_HEIGHT: y.window,
    WINDOW_WIDTH: x.window,
    STRIDE_Y: y.stride,
    STRIDE_X: x.stride,
    PADDING_Y: y.padding,
    PADDING_X: x.padding,
    COUNT_PADDING: countIncludePad,
    DIVISOR: divisor,
    ADAPTIVE: adaptive,
  };
}
