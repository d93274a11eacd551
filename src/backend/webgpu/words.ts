import type { Params } from '../backend.ts';

/**
 * Whether matmulWorkgroup can load both operands in words of four: each is contiguous along one axis, that axis has
 * whole words, and everything else begins at whole words.
 */
export function loadsWords(params: Params<'matmul'>): boolean {
  const { m, n, k, chunk, batch } = params;
  const steps = k % 4 === 0 && (chunk >= k || chunk % 4 === 0);
  const even = (...places: number[]): boolean => places.every((place) => place % 4 === 0);
  const runs = (along: number, across: number, whole: boolean): boolean =>
    along === 1 && whole && even(across);
  const aAlongSteps = Math.abs(params.aColumnStride) <= Math.abs(params.aRowStride);
  const bAlongSteps = Math.abs(params.bRowStride) < Math.abs(params.bColumnStride);
  const aFits = aAlongSteps
    ? runs(params.aColumnStride, params.aRowStride, steps)
    : runs(params.aRowStride, params.aColumnStride, m % 4 === 0);
  const bFits = bAlongSteps
    ? runs(params.bRowStride, params.bColumnStride, steps)
    : runs(params.bColumnStride, params.bRowStride, n % 4 === 0);
  const batches = batch === 1 || even(params.aBatchStride, params.bBatchStride);
  return aFits && bFits && batches && even(params.aOffset, params.bOffset);
}
