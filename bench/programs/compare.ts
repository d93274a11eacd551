import { fileURLToPath } from 'node:url';
import { KEEPS_MEMORY } from '../contenders/list.ts';
import { median } from '../statistics.ts';
import { type Answer, Peer } from './peer.ts';

/** Steps whose losses are compared. */
const COMPARED = 12;
/** OpenBLAS has threads of its own. */
const ENVIRONMENT = { ...KEEPS_MEMORY, OPENBLAS_NUM_THREADS: '1' };
const WARM_UP = { steps: 1, milliseconds: 1500 };

/** What a program came to, on one side. */
export interface Side {
  /** The device, or the library. */
  readonly description: string;
  /** Milliseconds of a step: the least of the rounds, and the median. */
  readonly milliseconds: { readonly least: number; readonly median: number };
  /** Of a step, on all processors together: the least of the rounds. */
  readonly processorMilliseconds: number;
  /** The most memory that the process has had. */
  readonly peakBytes: number;
}

export interface ProgramResult {
  readonly program: string;
  readonly wgrad: Side;
  readonly pytorch: Side;
  /** wgrad's least time divided by PyTorch's. */
  readonly ratio: number;
  /** The greatest difference of the first losses, divided by the greatest of them. */
  readonly difference: number;
  readonly losses: readonly number[];
}

export interface CompareOptions {
  readonly device: 'cpu' | 'webgpu';
  readonly eager: boolean;
  readonly rounds: number;
  readonly python: string;
}

/** Runs a program in two processes that take turns. */
export async function compare(program: string, options: CompareOptions): Promise<ProgramResult> {
  const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const { device, eager, rounds, python } = options;
  const node = ['--import', 'tsx', file('worker.ts'), program, device, eager ? 'eager' : 'captured'];
  const peers = [
    new Peer(process.execPath, node),
    new Peer(python, [file('worker.py'), program], ENVIRONMENT),
  ];
  try {
    const first: Answer[] = [];
    for (const peer of peers) first.push(await peer.ask({ steps: COMPARED, milliseconds: 0 }));
    for (const peer of peers) await peer.ask(WARM_UP);
    const answers: Answer[][] = peers.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, peer] of peers.entries()) {
        answers[index]!.push(await peer.ask({ steps: 1, milliseconds: 200 }));
      }
    }
    const [wgrad, pytorch] = answers.map(sideOf) as [Side, Side];
    return {
      program,
      wgrad,
      pytorch,
      ratio: wgrad.milliseconds.least / pytorch.milliseconds.least,
      difference: differenceOf(first[0]!.losses, first[1]!.losses),
      losses: first[0]!.losses.slice(0, COMPARED),
    };
  } finally {
    for (const peer of peers) peer.stop();
  }
}

function sideOf(answers: readonly Answer[]): Side {
  const times = answers.map(({ milliseconds }) => milliseconds);
  const { description, peakBytes } = answers.at(-1)!;
  return {
    description,
    milliseconds: { least: Math.min(...times), median: median(times) },
    processorMilliseconds: Math.min(...answers.map((answer) => answer.processorMilliseconds)),
    peakBytes,
  };
}

/** The greatest difference of losses, divided by the greatest of them. */
export function differenceOf(ours: readonly number[], theirs: readonly number[]): number {
  const scale = Math.max(...theirs.map(Math.abs));
  return Math.max(...ours.map((loss, index) => Math.abs(loss - theirs[index]!))) / scale;
}
