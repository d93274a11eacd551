import type { Variant } from '../../backend/backend.ts';
import { type Formula, times } from './cost.ts';

type Sides = Pick<Variant<'maxPool'>, 'HEIGHT' | 'WIDTH' | 'OUT_HEIGHT' | 'OUT_WIDTH'>;

/** Elements of a plane before and after pooling. */
function planeOf({ HEIGHT = 1, WIDTH = 1, OUT_HEIGHT = 1, OUT_WIDTH = 1 }: Sides): {
  inputs: number;
  outputs: number;
} {
  return { inputs: HEIGHT * WIDTH, outputs: OUT_HEIGHT * OUT_WIDTH };
}

function windowOf({
  WINDOW_HEIGHT = 1,
  WINDOW_WIDTH = 1,
}: Variant<'maxPool'> | Variant<'averagePool'>): number {
  return WINDOW_HEIGHT * WINDOW_WIDTH;
}

function shapeOf(planes: number, { HEIGHT = 1, WIDTH = 1, OUT_HEIGHT = 1, OUT_WIDTH = 1 }: Sides): string {
  return `${times(planes, HEIGHT, WIDTH)}→${times(OUT_HEIGHT, OUT_WIDTH)}`;
}

/** How many planes the tiles of a gradient's launch cover. */
function planesOf(
  tiles: number,
  {
    HEIGHT = 1,
    WIDTH = 1,
    PADDING_Y = 0,
    PADDING_X = 0,
    TILE_HEIGHT = 1,
    TILE_WIDTH = 1,
  }: Variant<'maxPoolGradient'>,
): number {
  return tiles / Math.ceil((HEIGHT + PADDING_Y) / TILE_HEIGHT) / Math.ceil((WIDTH + PADDING_X) / TILE_WIDTH);
}

export const maxPool: Formula<'maxPool'> = ({ size }, variant) => {
  const { inputs, outputs } = planeOf(variant);
  const planes = size / outputs;
  const window = windowOf(variant);
  return {
    shape: shapeOf(planes, variant),
    flops: size * window,
    elements: { x: Math.min(planes * inputs, size * window), out: size, positions: size },
  };
};

export const maxPoolGradient: Formula<'maxPoolGradient'> = ({ tiles }, variant) => {
  const planes = planesOf(tiles, variant);
  const { inputs, outputs } = planeOf(variant);
  return {
    shape: shapeOf(planes, variant),
    flops: planes * outputs,
    elements: { gradient: planes * outputs, positions: planes * outputs, out: planes * inputs },
  };
};

/** ADAPTIVE windows differ; counted is the largest. */
export const averagePool: Formula<'averagePool'> = ({ size }, variant) => {
  const { inputs, outputs } = planeOf(variant);
  const planes = size / outputs;
  const window = windowOf(variant);
  return {
    shape: shapeOf(planes, variant),
    flops: size * (window + 1),
    elements: { x: Math.min(planes * inputs, size * window), out: size },
  };
};

export const averagePoolGradient: Formula<'averagePoolGradient'> = ({ tiles }, variant) => {
  const planes = planesOf(tiles, variant);
  const { inputs, outputs } = planeOf(variant);
  return {
    shape: shapeOf(planes, variant),
    flops: planes * outputs * (windowOf(variant) + 1),
    elements: { gradient: planes * outputs, out: planes * inputs },
  };
};
