import type { SimdModule } from './module.ts';

/** Padded planes: lines of `stride` runs of `run` pixels, one run per remainder of the column. */
export interface Grid {
  height: number;
  width: number;
  /** Lines and columns of zeros before the image. Negative numbers crop it. */
  top: number;
  left: number;
  stride: number;
  paddedHeight: number;
  run: number;
}

export const lineBytes = ({ stride, run }: Grid): number => 4 * stride * run;
export const planeBytes = (grid: Grid): number => grid.paddedHeight * lineBytes(grid);

/** The address of the padded planes, or of the planes themselves if they need no padding. */
export function padded(module: SimdModule, from: number, planes: number, grid: Grid): number {
  const { height, width, top, left, paddedHeight, stride, run } = grid;
  if (top === 0 && left === 0 && stride === 1 && paddedHeight === height && run === width) return from;
  const bytes = planes * planeBytes(grid);
  const to = module.take(bytes);
  const taskPlanes = Math.max(1, Math.ceil(65_536 / planeBytes(grid)));
  const plan = { tasks: Math.ceil(planes / taskPlanes), work: bytes / 2 };
  module.run(
    'pad',
    { from, to, height, width, top, left, paddedHeight, stride, run, taskPlanes, planes },
    plan,
  );
  return to;
}
