import type { KernelName } from '../../backend/backend.ts';
import { itemSize } from '../../backend/dtypes.ts';
import type { LaunchRequest, LaunchTime, ProfiledLaunch, Settings } from '../../backend/profile.ts';
import { Live } from '../../backend/recorder.ts';
import { codes } from '../../backend/signatures.ts';
import { type Cost, defaultCost } from './cost.ts';
import { costs } from './costs.ts';

/** What a launch computes and moves. */
export interface LaunchFacts {
  readonly kernel: string;
  /** What it was specialised by, beyond what `shape` says. */
  readonly variant: string;
  readonly shape: string;
  /** Floating-point operations. */
  readonly flops: number;
  /** Bytes that have to move between memory and the processor at least. */
  readonly bytes: number;
}

/** A profiled launch with its facts. */
export interface CountedLaunch extends LaunchFacts, LaunchTime {}

/** The facts of launches; those of launches that are replayed are counted once. */
export function countLaunches(launches: readonly ProfiledLaunch[]): CountedLaunch[] {
  const known = new Map<LaunchRequest, LaunchFacts>();
  return launches.map(({ request, way, start, milliseconds }) => {
    const facts = known.get(request) ?? launchFacts(request, way);
    known.set(request, facts);
    return { ...facts, start, milliseconds };
  });
}

/** @param way how the launch was run, if the backend has several ways */
export function launchFacts(request: LaunchRequest, way: string = ''): LaunchFacts {
  const { kernel, buffers, variant, settings } = request;
  const choice = { ...settings, ...variant };
  const { shape, flops, elements } = costOf(request);
  const bytes = Object.entries(elements).reduce(
    (sum, [name, moved]) => sum + moved * itemSize[buffers[name]!.dtype],
    0,
  );
  return { kernel, variant: `${way} ${variantText(kernel, choice)}`.trim(), shape, flops, bytes };
}

/** The kernel's own counts, and the default ones beside them. */
export function costOf({ kernel, buffers, params, variant, settings }: LaunchRequest): Cost {
  const plain = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, value instanceof Live ? value.value : value]),
  );
  const formula = costs[kernel] as ((params: object, variant: Settings) => Partial<Cost>) | undefined;
  const usual = defaultCost(buffers, plain);
  const own = formula?.(plain, { ...settings, ...variant });
  return { ...usual, ...own, elements: { ...usual.elements, ...own?.elements } };
}

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
