import { loadavg } from 'node:os';
import type { Backend } from '../../src/backend/backend.ts';
import { gitState } from '../../src/pipeline/runs/environment.ts';
import { type Machine, machineFacts } from '../machine.ts';
import type { Cost } from './timing.ts';

/** No float32 operation of the CPU backend may take more than this many times as long as PyTorch. */
export const LIMIT = 3;

/** What is below is the cost of a call, not of its elements. */
export const FEW = 10_000;

export type Pass = 'forward' | 'both';

/** One case at one size. */
export interface OperationCost extends Cost {
  readonly name: string;
  readonly elements: number;
  readonly pass: Pass;
}

/** What a file bench/results/operations-*.json holds. */
export interface OperationsResult {
  readonly startedAt: string;
  readonly machine: Machine;
  /** Over one minute, of all that ran on the machine, this benchmark included. */
  readonly loadAverage: { readonly before: number; after: number };
  readonly device: string;
  readonly threads: number;
  readonly versions: { readonly commit: string | null; readonly dirty: boolean };
  readonly torch?: { readonly torch: string; readonly capability: string; readonly threads: number };
  readonly sizes: readonly number[];
  readonly costs: OperationCost[];
}

export async function startOperations(
  device: Backend,
  threads: number,
  sizes: readonly number[],
  torch: OperationsResult['torch'],
): Promise<OperationsResult> {
  const git = await gitState('.');
  return {
    startedAt: new Date().toISOString(),
    machine: machineFacts(),
    loadAverage: { before: loadavg()[0]!, after: NaN },
    device: device.description,
    threads,
    versions: { commit: git?.commit ?? null, dirty: git?.dirty ?? false },
    ...(torch && { torch }),
    sizes,
    costs: [],
  };
}

/** JSON with a line for each cost. */
export function resultText(result: OperationsResult): string {
  result.loadAverage.after = loadavg()[0]!;
  const { costs, ...facts } = result;
  const short = (value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(4)) : value;
  const lines = costs.map((cost) => {
    const pairs = Object.entries(cost).map(([key, value]): [string, unknown] => [
      key,
      key === 'elements' ? value : short(value),
    ]);
    return `    ${JSON.stringify(Object.fromEntries(pairs))}`;
  });
  return `${JSON.stringify(facts, null, 2).slice(0, -2)},\n  "costs": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/** Our time in PyTorch's; undefined where PyTorch's does not count. */
export function ratioOf({ microseconds, torchMicroseconds }: Cost): number | undefined {
  return torchMicroseconds === undefined ? undefined : microseconds / torchMicroseconds;
}

/** Whether the limit is for this cost, and it is above. */
export function isAbove(cost: OperationCost): boolean {
  return cost.elements > FEW && (ratioOf(cost) ?? 0) > LIMIT;
}

/** Costs by a key, in the order of their first ones. */
export function groupsOf<T extends OperationCost>(costs: readonly T[], key: (cost: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const cost of costs) {
    const group = groups.get(key(cost));
    if (group) group.push(cost);
    else groups.set(key(cost), [cost]);
  }
  return [...groups.values()];
}

/** For tables and figures. */
export function labelOf({ name, pass }: OperationCost): string {
  return pass === 'both' ? `${name}, with backward` : name;
}
