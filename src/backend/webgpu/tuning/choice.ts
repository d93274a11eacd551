import type { KernelName, Variant } from '../../backend.ts';

/** The kernels of each operation that is tuned: all keep one contract, and differ in how they go about it. */
export interface TunedKernels {
  matmul: 'matmul' | 'matmulSubgroup' | 'matmulWorkgroup';
  conv2d: 'conv2d' | 'conv2dFewTerms' | 'conv2dSubgroup' | 'conv2dWorkgroup';
  conv2dInputGradient: 'conv2dInputGradient' | 'conv2dInputGradientSubgroup' | 'conv2dInputGradientWorkgroup';
  conv2dWeightGradient:
    'conv2dWeightGradient' | 'conv2dWeightGradientSubgroup' | 'conv2dWeightGradientWorkgroup';
}

/** An operation that several kernels can do. */
export type Tuned = keyof TunedKernels;
export type TunedKernel = TunedKernels[Tuned];

export const kernelsOf: { readonly [T in Tuned]: readonly TunedKernels[T][] } = {
  matmul: ['matmul', 'matmulSubgroup', 'matmulWorkgroup'],
  conv2d: ['conv2d', 'conv2dFewTerms', 'conv2dSubgroup', 'conv2dWorkgroup'],
  conv2dInputGradient: ['conv2dInputGradient', 'conv2dInputGradientSubgroup', 'conv2dInputGradientWorkgroup'],
  conv2dWeightGradient: [
    'conv2dWeightGradient',
    'conv2dWeightGradientSubgroup',
    'conv2dWeightGradientWorkgroup',
  ],
};

/** Tile constants of a kernel; those left out are as its geometry sees fit. */
export type Tile = Readonly<Record<string, number>>;

/** How a launch is made: by which of the operation's kernels, and with which tile. */
export type Choice = {
  [K in TunedKernel]: { readonly kernel: K; readonly tile: Variant<K> & Tile };
}[TunedKernel];

export function isTuned(kernel: KernelName): kernel is Tuned {
  return kernel in kernelsOf;
}

/** What a device lets one choose from. */
export interface Traits {
  /** A driver that runs on the processor. */
  readonly software: boolean;
  /** The fewest lanes of a subgroup; 0 without subgroups. */
  readonly subgroup: number;
  /** Bytes of workgroup memory. */
  readonly memory: number;
  /** Invocations of a workgroup. */
  readonly invocations: number;
}

/** Facts of an adapter, as `Backend.info` has them. */
export type AdapterInfo = Readonly<Record<string, string | number | boolean>>;

export function traitsOf(info: AdapterInfo): Traits {
  return {
    software: info['software'] === true,
    subgroup: Number(info['subgroupMinSize'] ?? 0),
    memory: Number(info['maxComputeWorkgroupStorageSize'] ?? 16_384),
    invocations: Number(info['maxComputeInvocationsPerWorkgroup'] ?? 256),
  };
}

/** A choice as text: `matmulWorkgroup TILE_ROWS=8 …`; equal text, equal choice. */
export function choiceText({ kernel, tile }: { kernel: string; tile: Tile }): string {
  const constants = Object.entries(tile).sort(([left], [right]) => (left < right ? -1 : 1));
  return [kernel, ...constants.map(([name, value]) => `${name}=${value}`)].join(' ');
}
