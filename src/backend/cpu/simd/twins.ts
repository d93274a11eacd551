import type { KernelName } from '../../backend.ts';
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from './convolution.ts';
import { matmul } from './matmul.ts';
import type { SimdTwin } from './simdTwin.ts';

/** The kernels that have a twin in WebAssembly. */
export const simdTwins: { readonly [K in KernelName]?: SimdTwin<K> } = {
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  matmul,
};
