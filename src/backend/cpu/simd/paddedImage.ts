import type { SimdModule } from './module.ts';

/** Planes with their rims: lines of `stride` runs of `run` pixels, a run for each remainder of the column. */
export interface Grid {
  height: number;
  width: number;
  /** Lines and columns of zeros before the image; negative ones cut it. */
  top: number;
  left: number;
  stride: number;
  paddedHeight: number;
  run: number;
}

export const lineBytes = ({ stride, run }: Grid): number => 4 * stride * run;
export const planeBytes = (grid: Grid): number => grid.paddedHeight * lineBytes(grid);

/** The address of the planes with their rims; of the planes themselves where they have none. */
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
