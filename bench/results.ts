import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { dirname } from 'node:path';
import { gitState, versionOf } from '../src/pipeline/runs/environment.ts';
import type { ContenderFacts } from './contenders/contender.ts';
import type { Entry } from './contenders/list.ts';
import { type Machine, machineFacts } from './machine.ts';
import type { FirstStep } from './node/firstStep.ts';
import type { Measurement } from './rounds.ts';
import { flopsOf, type Workload } from './workloads.ts';

/** A contender's part in a run of the suite. */
export interface Participant {
  readonly name: string;
  readonly label: string;
  readonly library: Entry['library'];
  readonly facts?: ContenderFacts;
  /** Why it did not take part. */
  readonly failure?: string;
}

export interface WorkloadResult {
  readonly workload: Workload;
  readonly flops?: number;
  readonly measurements: readonly Measurement[];
}

/** What a file under bench/results/ holds. */
export interface BenchResult {
  readonly preset: string;
  readonly startedAt: string;
  readonly machine: Machine;
  /** Over one minute, of all that ran on the machine, the suite included; before it started, and at its end. */
  readonly loadAverage: { readonly before: number; after: number };
  readonly versions: {
    readonly dawn: string | null;
    /** The browser that the contenders ran in. */
    readonly browser?: string;
    readonly commit: string | null;
    readonly dirty: boolean;
  };
  readonly rounds: number;
  readonly participants: Participant[];
  readonly results: WorkloadResult[];
  readonly firstSteps: FirstStep[];
}

export async function startResult(preset: string, rounds: number, browser?: string): Promise<BenchResult> {
  const git = await gitState('.');
  return {
    preset,
    startedAt: new Date().toISOString(),
    machine: machineFacts(),
    loadAverage: { before: loadavg()[0]!, after: NaN },
    versions: {
      // Browsers have their own.
      dawn: browser === undefined ? await versionOf('webgpu') : null,
      ...(browser !== undefined && { browser }),
      commit: git?.commit ?? null,
      dirty: git?.dirty ?? false,
    },
    rounds,
    participants: [],
    results: [],
    firstSteps: [],
  };
}

export function addResult(
  result: BenchResult,
  workload: Workload,
  measurements: readonly Measurement[],
): void {
  const flops = flopsOf(workload);
  result.results.push({ workload, ...(flops !== undefined && { flops }), measurements });
}

export async function writeResult(file: string, result: BenchResult): Promise<void> {
  result.loadAverage.after = loadavg()[0]!;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
}
