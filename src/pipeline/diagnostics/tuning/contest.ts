import { WgradError } from '../../../backend/errors.ts';
import { geometryOf } from '../../../backend/webgpu/geometry.ts';
import { builtIn } from '../../../backend/webgpu/tuning/builtIn.ts';
import { type Choice, choiceText } from '../../../backend/webgpu/tuning/choice.ts';
import type { WebGpuBackend } from '../../../backend/webgpu/webgpu.ts';
import { Bench, deviation, timed } from './bench.ts';
import { candidates } from './candidates.ts';
import type { TunedLaunch } from './launches.ts';

/** What came of comparing all choices for a class of launches. */
export interface ContestResult {
  /** The best choice; undefined where what the built-in rules choose is as good. */
  readonly choice: Choice | undefined;
  /** Medians, in milliseconds a launch: of the built-in rules' choice, and of the best. */
  readonly builtIn: number;
  readonly best: number;
  /** Choices that were timed, and those that there are: fewer where the time was up. */
  readonly compared: number;
  readonly candidates: number;
  /** Whether the time was enough for a verdict on all of them. */
  readonly complete: boolean;
}

export interface ContestLimits {
  /** When the comparison has to come to an end, by performance.now(). */
  readonly deadline: number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Choices that have failed, by their text: they are left out. */
  readonly failed: ReadonlySet<string>;
}

/** A choice cannot be used on the device, which may be lost with it. */
export class ChoiceError extends WgradError {
  override name = 'ChoiceError';
  readonly choice: string;

  constructor(choice: Choice, reason: string, options?: ErrorOptions) {
    super(`${choiceText(choice)}: ${reason}`, options);
    this.choice = choiceText(choice);
  }
}

interface Contender {
  readonly choice: Choice;
  /** Milliseconds for so many launches. */
  readonly time: (launches: number) => Promise<number>;
  /** Milliseconds a launch, by round. */
  readonly times: number[];
}

/** Rounds in which all contenders that are left take turns. */
const ROUNDS = 9;
/** Milliseconds that a timed series of launches takes at least, so that starting and waiting count little. */
const SERIES = 15;
const MOST_LAUNCHES = 500;
/** Contenders slower than this many times the fastest are out after the first round. */
const HOPELESS = 1.7;
/** Rounds that a winner has taken part in at least, and the share of them in which it was the faster one. */
const LEAST_ROUNDS = 4;
const MOST_OF = 0.75;
/** How much faster than the built-in rules' choice another has to be: less is noise. */
const WORTHWHILE = 0.97;
/** Sums in another order differ in the last places. */
const TOLERANCE = 1e-4;

/**
 * Compares all choices for a launch on the device. Each must compute what the plain kernel does; then they take turns, and
 * the least median wins, unless the built-in rules' choice is as good.
 *
 * @throws ChoiceError for a choice that the device refuses, or that computes something else
 */
export async function compareChoices(
  device: WebGpuBackend,
  launch: TunedLaunch,
  limits: ContestLimits,
): Promise<ContestResult> {
  const bench = new Bench(device, launch);
  const all = choicesFor(device, launch).filter((choice) => !limits.failed.has(choiceText(choice)));
  try {
    const contenders = await admit(device, bench, launch, all, limits);
    const left = await firstRound(contenders);
    for (let round = 1; round < ROUNDS; round++) {
      for (const contender of left) {
        if (limits.signal.aborted || performance.now() > limits.deadline)
          return verdict(contenders, all.length);
        await takeTurn(contender);
      }
    }
    return verdict(contenders, all.length);
  } finally {
    bench.dispose();
  }
}

/**
 * What the built-in rules choose, and all else that the device can take. Several tiles may come to the same launch, since
 * kernels fit them to the shape: only the first of these takes part.
 */
function choicesFor(device: WebGpuBackend, { operation, params, variant }: TunedLaunch): Choice[] {
  const { traits } = device.tuning;
  const all = [builtIn(operation, params, variant, traits), ...candidates(operation, traits)];
  const launches = all.map(({ kernel, tile }) => {
    const geometry = geometryOf(kernel, params, variant, tile, traits.software);
    return `${kernel} ${JSON.stringify(geometry)}`;
  });
  return all.filter((_, index) => launches.indexOf(launches[index]!) === index);
}

/** The choices that compute what they should, as far as there is time. */
async function admit(
  device: WebGpuBackend,
  bench: Bench,
  { operation }: TunedLaunch,
  choices: readonly Choice[],
  { deadline, signal }: ContestLimits,
): Promise<Contender[]> {
  await bench.record({ kernel: operation, tile: {} });
  const expected = await bench.result();
  const admitted: Contender[] = [];
  for (const choice of choices) {
    if (signal.aborted || (admitted.length > 0 && performance.now() > deadline)) break;
    try {
      const recording = await bench.record(choice);
      const off = deviation(await bench.result(), expected);
      if (!(off < TOLERANCE)) throw new ChoiceError(choice, `its result is off by ${off}`);
      admitted.push({ choice, times: [], time: (launches) => timed(device, recording, launches) });
    } catch (error) {
      if (error instanceof ChoiceError || !(error instanceof WgradError)) throw error;
      throw new ChoiceError(choice, error.message, { cause: error });
    }
  }
  return admitted;
}

/** Times all once, and gives those that may still win; the first is always among them. */
async function firstRound(contenders: readonly Contender[]): Promise<Contender[]> {
  let fastest = Infinity;
  for (const contender of contenders) {
    const once = await contender.time(1);
    if (once <= 3 * fastest) await takeTurn(contender, once);
    else contender.times.push(once);
    fastest = Math.min(fastest, contender.times[0]!);
  }
  return contenders.filter(({ times }, index) => index === 0 || times[0]! <= HOPELESS * fastest);
}

/** @param expected milliseconds that a launch takes, about */
async function takeTurn(
  { time, times }: Contender,
  expected: number = times.at(-1) ?? SERIES,
): Promise<void> {
  const launches = Math.min(MOST_LAUNCHES, Math.max(1, Math.ceil(SERIES / expected)));
  times.push((await time(launches)) / launches);
}

function verdict([own, ...others]: readonly Contender[], count: number): ContestResult {
  const builtInTime = own ? median(own.times) : NaN;
  // Only those that took as many turns as the built-in rules' choice, or nearly so.
  const rounds = own?.times.length ?? 0;
  const lasting = others.filter(({ times }) => times.length >= rounds - 1);
  const best = lasting.sort((left, right) => median(left.times) - median(right.times))[0];
  const wins = own !== undefined && best !== undefined && beats(best, own);
  const compared = others.length + (own ? 1 : 0);
  return {
    choice: wins ? best.choice : undefined,
    builtIn: builtInTime,
    best: wins ? median(best.times) : builtInTime,
    compared,
    candidates: count,
    complete: compared === count && rounds > LEAST_ROUNDS,
  };
}

/** By its median, and in most of at least a few rounds: what disturbs the machine disturbs both within a round. */
function beats({ times }: Contender, own: Contender): boolean {
  const won = times.filter((time, round) => time < own.times[round]!).length;
  return (
    times.length >= LEAST_ROUNDS &&
    won >= MOST_OF * times.length &&
    median(times) < WORTHWHILE * median(own.times)
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
