import type { SimdModule } from './module.ts';

/** Padded planes: lines of `run` pixels. */
export interface Grid {
  height: number;
  width: number;
  /** Lines and columns of zeros before the image. Negative numbers crop it. */
  top: number;
  left: number;
  paddedHeight: number;
  run: number;
}

export const lineBytes = ({ run }: Grid): number => 4 * run;
export const planeBytes = (grid: Grid): number => grid.paddedHeight * lineBytes(grid);

/** The address of the padded planes, or of the planes themselves if they need no padding. */
export function padded(module: SimdModule, from: number, planes: number, grid: Grid): number {
  if (grid.top === 0 && grid.left === 0 && grid.paddedHeight === grid.height && grid.run === grid.width)
    return from;
  const to = module.take(planes * planeBytes(grid));
  runPad(module, from, to, planes, grid);
  return to;
}

/** Sets planes to zero. */
export function zeroPlanes(
  module: SimdModule,
  to: number,
  planes: number,
  height: number,
  width: number,
): void {
  // Images without lines.
  runPad(module, to, to, planes, { height: 0, width, top: 0, left: 0, paddedHeight: height, run: width });
}

function runPad(module: SimdModule, from: number, to: number, planes: number, grid: Grid): void {
  const taskPlanes = Math.max(1, Math.ceil(65_536 / planeBytes(grid)));
  const plan = { tasks: Math.ceil(planes / taskPlanes), work: (planes * planeBytes(grid)) / 2 };
  module.run('pad', { from, to, ...grid, taskPlanes, planes }, plan);
}
