import type { KernelName, Variant } from '../../backend.ts';

/** The kernels of each tuned operation. They have the same contract and differ in method. */
export interface TunedKernels {
  matmul: 'matmul' | 'matmulSubgroup' | 'matmulWorkgroup';
  conv2d: 'conv2d' | 'conv2dFewTerms' | 'conv2dSubgroup' | 'conv2dWorkgroup';
  conv2dInputGradient: 'conv2dInputGradient' | 'conv2dInputGradientSubgroup' | 'conv2dInputGradientWorkgroup';
  conv2dWeightGradient:
    'conv2dWeightGradient' | 'conv2dWeightGradientSubgroup' | 'conv2dWeightGradientWorkgroup';
}

/** An operation with several kernels. */
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

/** Tile constants of a kernel. Its geometry sets those that are left out. */
export type Tile = Readonly<Record<string, number>>;

/** One of the operation's kernels, with its tile. */
export type Choice = {
  [K in TunedKernel]: { readonly kernel: K; readonly tile: Variant<K> & Tile };
}[TunedKernel];

export function isTuned(kernel: KernelName): kernel is Tuned {
  return kernel in kernelsOf;
}

/** The properties of a device that limit the choice. */
export interface Traits {
  /** Whether the driver runs on the processor. */
  readonly software: boolean;
  /** The fewest lanes of a subgroup; 0 without subgroups. */
  readonly subgroup: number;
  /** Bytes of workgroup memory. */
  readonly memory: number;
  /** Invocations of a workgroup. */
  readonly invocations: number;
}

/** Properties of an adapter, as in `Backend.info`. */
export type AdapterInfo = Readonly<Record<string, string | number | boolean>>;

export function traitsOf(info: AdapterInfo): Traits {
  return {
    software: info['software'] === true,
    subgroup: Number(info['subgroupMinSize'] ?? 0),
    memory: Number(info['maxComputeWorkgroupStorageSize'] ?? 16_384),
    invocations: Number(info['maxComputeInvocationsPerWorkgroup'] ?? 256),
  };
}

/** A choice as text: `matmulWorkgroup TILE_ROWS=8 …`. Equal choices give equal text. */
export function choiceText({ kernel, tile }: { kernel: string; tile: Tile }): string {
  const constants = Object.entries(tile).sort(([left], [right]) => (left < right ? -1 : 1));
  return [kernel, ...constants.map(([name, value]) => `${name}=${value}`)].join(' ');
}
