import type { Variant } from '../../backend.ts';
import { windowsOf } from '../averagePool.ts';
import type { SimdModule } from './module.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Elements of a task, and the cost of one in multiplications of a product. */
const TASK = 16_384;
const COST = 4;
/** Numbers that describe a window: see kernels/wasm/averagePool.ts. */
const FIELDS = 4;

export const averagePool: SimdTwin<'averagePool'> = (module, { x, out }, { offset }, variant) => {
  if (!fits(x, out)) return false;
  run(module, 'averagePool', address(x, offset), address(out), out.length, variant);
  return true;
};

export const averagePoolGradient: SimdTwin<'averagePoolGradient'> = (
  module,
  buffers,
  { offset },
  variant,
) => {
  const { gradient, out } = buffers;
  if (!fits(gradient, out)) return false;
  const { HEIGHT = 1, WIDTH = 1, OUT_HEIGHT = 1, OUT_WIDTH = 1 } = variant;
  const outputs = (out.length / (HEIGHT * WIDTH)) * OUT_HEIGHT * OUT_WIDTH;
  run(module, 'averagePoolGradient', address(gradient, offset), address(out), outputs, variant);
  return true;
};

function run(
  module: SimdModule,
  kind: 'averagePool' | 'averagePoolGradient',
  x: number,
  out: number,
  outputs: number,
  variant: Variant<'averagePool'>,
): void {
  const { HEIGHT = 1, WIDTH = 1 } = variant;
  const windows = windowsOf(variant);
  const size = HEIGHT * WIDTH;
  const place = module.take(8 * FIELDS * windows.length);
  const table = new Float64Array(module.heap.memory.buffer, place, FIELDS * windows.length);
  let next = 0;
  for (const { y, x: columns, divisor } of windows) {
    table[next++] = y[0] * WIDTH + columns[0];
    // Windows that lie in the padding are empty.
    table[next++] = Math.max(0, y[1] - y[0]);
    table[next++] = Math.max(0, columns[1] - columns[0]);
    table[next++] = divisor;
  }
  const planes = outputs / windows.length;
  const taskPlanes = Math.max(1, Math.floor(TASK / size));
  const fields = { x, out, table: place, windows: windows.length, size, width: WIDTH, planes, taskPlanes };
  const scratch = kind === 'averagePool' ? 0 : 8 * size;
  module.run(kind, fields, { tasks: Math.ceil(planes / taskPlanes), work: COST * planes * size, scratch });
}
