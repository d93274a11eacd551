import type { Vec4 } from '../../signatures.ts';
import { inHeap } from './heap.ts';
import { address, type SimdTwin } from './simdTwin.ts';

/** Elements of a task, and the cost of one in multiplications of a product. */
const TASK = 16_384;
const COST = 4;
/** Rows that lie in one line of the cache on the other side of a transpose. */
const LINE = 16;
/** Fewer elements are not worth a job. */
const FEW = 32;

/** Copies of 32-bit words in any layouts. */
export const copy: SimdTwin<'copy'> = (module, { x, out }, params) => {
  if (x.BYTES_PER_ELEMENT !== 4 || out.BYTES_PER_ELEMENT !== 4 || !inHeap(x) || !inHeap(out)) return false;
  if (params.size < FEW) return false;
  const { xOffset, outOffset } = params;
  const order = orderOf(params);
  const shape = inOrder(params.shape, order);
  const xStrides = inOrder(params.xStrides, order);
  const outStrides = inOrder(params.outStrides, order);
  const [n0, n1, n2, n3] = shape;
  const isTranspose = xStrides[2] === 1 && xStrides[3] !== 1 && outStrides[3] === 1 && n2 >= 4 && n3 >= 4;
  const perTask = Math.max(1, Math.floor(TASK / n3));
  const taskRows = isTranspose ? Math.ceil(perTask / LINE) * LINE : perTask;
  const tasks = isTranspose ? n0 * n1 * Math.ceil(n2 / taskRows) : Math.ceil((n0 * n1 * n2) / taskRows);
  const fields = {
    x: address(x, xOffset),
    x0: 4 * xStrides[0],
    x1: 4 * xStrides[1],
    x2: 4 * xStrides[2],
    x3: 4 * xStrides[3],
    out: address(out, outOffset),
    out0: 4 * outStrides[0],
    out1: 4 * outStrides[1],
    out2: 4 * outStrides[2],
    out3: 4 * outStrides[3],
    n1,
    n2,
    n3,
    rows: n0 * n1 * n2,
    taskRows,
  };
  module.run(isTranspose ? 'transpose' : 'copyRows', fields, { tasks, work: COST * n0 * n1 * n2 * n3 });
  return true;
};

/** Fewer neighbours are not worth another order. */
const NEIGHBOURS = 4;

/** The order of axes in which neighbours of the result are last, and those of x before them if they are others. */
function orderOf({
  shape,
  xStrides,
  outStrides,
}: Record<'shape' | 'xStrides' | 'outStrides', Vec4>): number[] {
  const order = [0, 1, 2, 3];
  if (outStrides[3] > 1) bring(3, outStrides, shape, order);
  if (xStrides[order[3]!]! > 1) bring(2, xStrides, shape, order);
  return order;
}

/** Moves the axis of neighbours to a place of the order. */
function bring(to: number, strides: Vec4, shape: Vec4, order: number[]): void {
  const from = order.findIndex((axis) => strides[axis] === 1 && shape[axis]! >= NEIGHBOURS);
  if (from >= 0) [order[from], order[to]] = [order[to]!, order[from]!];
}

function inOrder(list: Vec4, [a, b, c, d]: readonly number[]): Vec4 {
  return [list[a!]!, list[b!]!, list[c!]!, list[d!]!];
}
