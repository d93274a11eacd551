import type { Variant } from '../../backend.ts';
import type { SimdModule } from './module.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';
import { inHeap } from './heap.ts';

/** Elements of a task, and the cost of one in multiplications of a product. */
const TASK = 16_384;
const COST = 4;

export const maxPool: SimdTwin<'maxPool'> = (module, { x, out, positions }, { size, offset }, variant) => {
  if (!fits(x, out) || !inHeap(positions) || !isHalving(variant)) return false;
  const places = { x: address(x, offset), out: address(out), positions: address(positions) };
  run(module, 'pool', places, size, variant);
  return true;
};

export const maxPoolGradient: SimdTwin<'maxPoolGradient'> = (module, buffers, { offset }, variant) => {
  const { gradient, positions, out } = buffers;
  if (!fits(gradient, out) || !inHeap(positions)) return false;
  const { HEIGHT = 1, WIDTH = 1, OUT_HEIGHT = 1, OUT_WIDTH = 1 } = variant;
  const size = (out.length / (HEIGHT * WIDTH)) * OUT_HEIGHT * OUT_WIDTH;
  const kind = leavesNothing(variant) ? 'poolHalvesGradient' : 'poolGradient';
  const places = { x: address(gradient, offset), out: address(out), positions: address(positions) };
  run(module, kind, places, size, variant);
  return true;
};

/** Whether windows are 2 × 2 and do not overlap. */
function isHalving(variant: Variant<'maxPool'>): boolean {
  const { OUT_WIDTH = 1, PADDING_Y, PADDING_X, DILATION_Y, DILATION_X } = variant;
  const { HEIGHT = 1, WIDTH = 1, OUT_HEIGHT = 1 } = variant;
  const twos = [variant.WINDOW_HEIGHT, variant.WINDOW_WIDTH, variant.STRIDE_Y, variant.STRIDE_X];
  const inside = 2 * OUT_HEIGHT <= HEIGHT && 2 * OUT_WIDTH <= WIDTH;
  return (
    inside &&
    OUT_WIDTH >= 4 &&
    twos.every((two) => two === 2) &&
    !PADDING_Y &&
    !PADDING_X &&
    (DILATION_Y ?? 1) === 1 &&
    (DILATION_X ?? 1) === 1
  );
}

/** Whether every element belongs to one window, and windows lie in adjacent blocks of 2 × 2. */
function leavesNothing(variant: Variant<'maxPoolGradient'>): boolean {
  const { HEIGHT = 1, WIDTH = 1, OUT_HEIGHT = 1, OUT_WIDTH = 1, REACH_Y = 1, REACH_X = 1 } = variant;
  const twos = [variant.STRIDE_Y, variant.STRIDE_X, HEIGHT / OUT_HEIGHT, WIDTH / OUT_WIDTH];
  const apart = REACH_Y === 1 && REACH_X === 1 && !variant.PADDING_Y && !variant.PADDING_X;
  return apart && OUT_WIDTH >= 4 && twos.every((two) => two === 2);
}

function run(
  module: SimdModule,
  kind: 'pool' | 'poolGradient' | 'poolHalvesGradient',
  places: Record<'x' | 'out' | 'positions', number>,
  size: number,
  variant: Variant<'maxPoolGradient'>,
): void {
  const { HEIGHT = 1, WIDTH = 1, OUT_HEIGHT = 1, OUT_WIDTH = 1 } = variant;
  const planes = size / (OUT_HEIGHT * OUT_WIDTH);
  const taskPlanes = Math.max(1, Math.floor(TASK / (HEIGHT * WIDTH)));
  const sizes = { height: HEIGHT, width: WIDTH, outHeight: OUT_HEIGHT, outWidth: OUT_WIDTH };
  module.run(
    kind,
    { ...places, ...sizes, planes, taskPlanes },
    {
      tasks: Math.ceil(planes / taskPlanes),
      work: COST * planes * HEIGHT * WIDTH,
    },
  );
}
