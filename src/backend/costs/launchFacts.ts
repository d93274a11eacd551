import type { DeviceBuffer, KernelName } from '../backend.ts';
import { itemSize } from '../dtypes.ts';
import type { LaunchFacts } from '../profile.ts';
import { Live, type Varying } from '../recorder.ts';
import { codes } from '../signatures.ts';
import type { Cost } from './cost.ts';
import { costs } from './costs.ts';

/** A launch as it was asked for. */
export interface LaunchRequest {
  readonly kernel: KernelName;
  readonly buffers: Readonly<Record<string, Pick<DeviceBuffer, 'dtype'>>>;
  readonly params: Readonly<Record<string, Varying | readonly number[]>>;
  readonly variant: Settings;
  /** Performance constants; the variant comes before them. */
  readonly settings?: Settings;
}

type Settings = Readonly<Record<string, number | boolean | string | undefined>>;

/** What a launch computes and moves, and what tells it apart from others of its kernel. */
export function launchFacts({ kernel, buffers, params, variant, settings }: LaunchRequest): LaunchFacts {
  const plain = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, value instanceof Live ? value.value : value]),
  );
  const choice = { ...settings, ...variant };
  const formula = costs[kernel] as (params: object, variant: Settings) => PlainCost;
  const { shape, flops, elements } = formula(plain, choice);
  const bytes = Object.entries(elements).reduce(
    (sum, [name, moved]) => sum + moved * itemSize[buffers[name]!.dtype],
    0,
  );
  return { kernel, variant: variantText(kernel, choice), shape, flops, bytes };
}

type PlainCost = Omit<Cost<KernelName>, 'elements'> & { elements: Readonly<Record<string, number>> };

/**
 * What the variant says beyond the shape: its operation, what is switched on, and its tiles.
 *
 * @example variantText('matmul', { BIAS: true, TILE_ROWS: 32, WORKGROUP_SIZE: 8 }); // 'BIAS TILE_ROWS=32'
 */
export function variantText(kernel: KernelName, variant: Settings): string {
  const named: Readonly<Record<string, number>> =
    (codes as Partial<Record<KernelName, Record<string, number>>>)[kernel] ?? {};
  return Object.entries(variant)
    .flatMap(([name, value]) => {
      if (name === 'OPERATION' || name === 'FORM') {
        return Object.keys(named).find((code) => named[code] === value) ?? [];
      }
      if (name.startsWith('TILE_')) return `${name}=${String(value)}`;
      return value === true && name !== 'FLOATING' ? name : [];
    })
    .join(' ');
}
