import { setTimeout as sleep } from 'node:timers/promises';
import type { LaunchCounts } from './contenders/contender.ts';
import { ContenderError, type Worker } from './protocol.ts';
import { callsFor, summarise, type Summary } from './statistics.ts';
import { judge, type Verdict } from './verdict.ts';
import type { Workload } from './workloads.ts';

/** What a contender did with a workload. */
export interface Measurement {
  readonly contender: string;
  /** Milliseconds of one call; none where the contender failed. */
  readonly milliseconds?: Summary;
  /** Processor time of one call in milliseconds, all threads together. */
  readonly processorMilliseconds?: Summary;
  /** Calls that one sample is the mean of. */
  readonly calls?: number;
  /** Launches of one call. */
  readonly counts?: LaunchCounts;
  /** The first losses of a training. */
  readonly losses?: readonly number[];
  readonly verdict?: Verdict;
  /** Why it does not count: it failed, does not offer this, or did something else. */
  readonly failure?: string;
}

export interface RoundOptions {
  /** Seconds of calls before the first that counts: engines compile what runs often anew, on threads of their own. */
  readonly warmUpSeconds: number;
  /** Rounds in which every contender is timed once. */
  readonly rounds: number;
  /** Milliseconds that one sample lasts, where one call does not take longer. */
  readonly sampleMilliseconds: number;
  /** Milliseconds before each sample: the threads of some libraries spin after a call, OpenBLAS's for 30 ms. */
  readonly settleMilliseconds: number;
  /** Seconds of samples after which a contender sits out the other rounds; also for the losses that are compared. */
  readonly budgetSeconds: number;
  /** Seconds that a contender may take to get ready, and for a sample. */
  readonly limitSeconds: number;
  /** Training steps whose losses are compared. */
  readonly steps: number;
}

interface Runner {
  readonly worker: Worker;
  /** Losses or elements of the result. */
  readonly values: readonly number[];
  readonly counts: LaunchCounts | undefined;
  readonly calls: number;
  /** Milliseconds of one call, a sample each. */
  readonly wall: number[];
  readonly processor: number[];
  /** Seconds of all samples. */
  spent: number;
  failure?: string;
}

/**
 * Times a workload on all contenders in turns, so that what disturbs the machine disturbs all: each is timed once a
 * round, and each round begins with another one. Results are compared with those of the first that gave any.
 */
export async function measureInTurns(
  workload: Workload,
  workers: readonly Worker[],
  options: RoundOptions,
  progress: (doing: string) => void = () => undefined,
): Promise<Measurement[]> {
  const outcomes: (Runner | Measurement)[] = [];
  for (const worker of workers) {
    progress(`${worker.entry.label} gets ready`);
    outcomes.push(await prepare(worker, workload, options));
  }
  const runners = outcomes.filter((outcome) => 'worker' in outcome);
  for (let round = 0; round < options.rounds; round++) {
    progress(`round ${round + 1} of ${options.rounds}`);
    for (let place = 0; place < runners.length; place++) {
      await takeSample(runners[(place + round) % runners.length]!, options);
    }
  }
  for (const { worker } of runners) {
    if (!worker.ended) await worker.ask({ action: 'release' }, options.limitSeconds).catch(failureOf);
  }
  const reference = runners[0]?.values ?? [];
  return outcomes.map((outcome) =>
    'worker' in outcome
      ? measurementOf(outcome, judge(workload, outcome.values, reference), workload)
      : outcome,
  );
}

async function prepare(
  worker: Worker,
  workload: Workload,
  { steps, budgetSeconds, limitSeconds, sampleMilliseconds, warmUpSeconds }: RoundOptions,
): Promise<Runner | Measurement> {
  try {
    const milliseconds = budgetSeconds * 1000;
    const { values, counts } = await worker.ask(
      { action: 'prepare', workload, steps, milliseconds },
      limitSeconds,
    );
    let calls = 1;
    for (let spent = 0; spent < warmUpSeconds * 1000;) {
      const { milliseconds: sample } = await worker.ask({ action: 'run', calls }, limitSeconds);
      spent += sample;
      calls = callsFor(sample / calls, sampleMilliseconds);
    }
    return { worker, values, counts, calls, wall: [], processor: [], spent: 0 };
  } catch (error) {
    return { contender: worker.entry.name, failure: failureOf(error) };
  }
}

async function takeSample(
  runner: Runner,
  { settleMilliseconds, budgetSeconds, limitSeconds }: RoundOptions,
): Promise<void> {
  const { worker, calls, wall, processor } = runner;
  if (runner.failure !== undefined || runner.spent > budgetSeconds) return;
  await sleep(settleMilliseconds);
  try {
    const sample = await worker.ask({ action: 'run', calls }, limitSeconds);
    runner.spent += sample.milliseconds / 1000;
    wall.push(sample.milliseconds / calls);
    processor.push(sample.processorMilliseconds / calls);
  } catch (error) {
    runner.failure = failureOf(error);
  }
}

function measurementOf(runner: Runner, verdict: Verdict, workload: Workload): Measurement {
  const { worker, values, counts, calls, wall, processor, failure } = runner;
  const contender = worker.entry.name;
  const losses = workload.kind === 'training' ? { losses: values } : {};
  if (failure !== undefined) return { contender, failure, verdict, ...losses };
  return {
    contender,
    milliseconds: summarise(wall),
    processorMilliseconds: summarise(processor),
    calls,
    ...(counts && { counts }),
    ...losses,
    verdict,
    ...(!verdict.same && { failure: verdict.reason ?? 'its result differs' }),
  };
}

function failureOf(error: unknown): string {
  if (error instanceof ContenderError) return error.message;
  throw error;
}
