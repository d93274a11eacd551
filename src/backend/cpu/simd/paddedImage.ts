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

/** Calls `use` with the address of the planes with their rims, of the planes themselves where they have none. */
export function withImage(
  module: SimdModule,
  from: number,
  planes: number,
  grid: Grid,
  use: (image: number) => void,
): void {
  const { height, width, top, left, paddedHeight, stride, run } = grid;
  if (top === 0 && left === 0 && stride === 1 && paddedHeight === height && run === width) {
    use(from);
    return;
  }
  module.borrow(planes * planeBytes(grid), (image) => {
    const taskPlanes = Math.max(1, Math.ceil(65_536 / planeBytes(grid)));
    const fields = [from, image, height, width, top, left, paddedHeight, stride, run, taskPlanes, planes];
    const tasks = Math.ceil(planes / taskPlanes);
    module.run('pad', fields, { tasks, work: (planes * planeBytes(grid)) / 2 });
    use(image);
  });
}
