import type { Backend } from '../../../backend/backend.ts';
import type { HostSpan } from '../../../backend/profile.ts';
import { deviceText } from '../../runs/environment.ts';
import type { CountedLaunch } from '../../../diagnostics/costs/launchFacts.ts';
import { type Peaks, type Roof, roofOver } from './roof.ts';
import type { ProfiledWindow, StepWindow } from './stepProfiler.ts';

/** Launches of one kernel, variant and shape, over the whole window. */
export interface KernelRow {
  readonly kernel: string;
  readonly variant: string;
  readonly shape: string;
  readonly calls: number;
  /** Of one launch. */
  readonly flops: number;
  readonly bytes: number;
  /** Of all calls; null where the device keeps no time. */
  readonly milliseconds: number | null;
  /** Of the median call, which other users of the machine disturb less than the mean. */
  readonly median: number | null;
  /** What limits a launch, and its least time; null where no peaks are known. */
  readonly roof: Roof | null;
}

/** The host's time in the window, in milliseconds; the parts add up to the window's time. */
export interface HostTimes {
  /** Making launches: the tape and the operations, or the replay, and the commands. */
  readonly encode: number;
  /** Submitting them. */
  readonly submit: number;
  /** Waiting for the device. */
  readonly wait: number;
  /** Running kernels itself: the CPU backend. */
  readonly kernels: number;
  /** Between steps: records, progress, the event loop. */
  readonly other: number;
}

/** `profile.json`: a window of steps. */
export interface Profile {
  readonly device: string;
  readonly method: string;
  /** The uncertainty between the device's clock and the host's, in milliseconds. */
  readonly clockError: number;
  /** Numbers of the training's steps, from 1. */
  readonly firstStep: number;
  readonly lastStep: number;
  readonly steps: number;
  /** From the first step's beginning until the device had done the last. */
  readonly milliseconds: number;
  readonly host: HostTimes;
  /** The longest first. */
  readonly kernels: readonly KernelRow[];
  /** Measured after the training; null where they cannot be. */
  readonly peaks: Peaks | null;
  /** Steps after the window, without a profile; null where the epoch had none left. */
  readonly unprofiled: {
    readonly steps: number;
    readonly milliseconds: number;
    readonly host: number;
  } | null;
}

/** The totals of a window's launches and spans. */
export function profileOf(
  window: ProfiledWindow,
  profiled: Pick<Backend, 'name' | 'description'>,
  peaks: Peaks | undefined,
): Profile {
  const { steps, milliseconds, device, after } = window;
  return {
    device: deviceText(profiled),
    method: device.method,
    clockError: device.clockError,
    firstStep: steps[0]!.step,
    lastStep: steps.at(-1)!.step,
    steps: steps.length,
    milliseconds,
    host: hostTimes(window),
    kernels: kernelRows(device.launches, peaks),
    peaks: peaks ?? null,
    unprofiled: after
      ? { steps: after.steps.length, milliseconds: after.milliseconds, host: total(after.steps) }
      : null,
  };
}

/** Launches by kernel, variant and shape. */
export function kernelRows(launches: readonly CountedLaunch[], peaks: Peaks | undefined): KernelRow[] {
  const groups = new Map<string, CountedLaunch[]>();
  for (const launch of launches) {
    const { kernel, variant, shape, flops, bytes } = launch;
    const key = JSON.stringify([kernel, variant, shape, flops, bytes]);
    const peers = groups.get(key);
    if (peers) peers.push(launch);
    else groups.set(key, [launch]);
  }
  return [...groups.values()].map((group) => rowOf(group, peaks)).sort((a, b) => weight(b) - weight(a));
}

function rowOf(launches: readonly CountedLaunch[], peaks: Peaks | undefined): KernelRow {
  const { kernel, variant, shape, flops, bytes } = launches[0]!;
  const times = launches.flatMap(({ milliseconds }) => milliseconds ?? []).sort((a, b) => a - b);
  const timed = times.length === launches.length;
  return {
    kernel,
    variant,
    shape,
    calls: launches.length,
    flops,
    bytes,
    milliseconds: timed ? times.reduce((sum, time) => sum + time) : null,
    median: timed ? times[times.length >> 1]! : null,
    roof: peaks ? roofOver({ flops, bytes }, peaks) : null,
  };
}

/** What rows are sorted by: time, or work where there is none. */
function weight({ milliseconds, calls, flops }: KernelRow): number {
  return milliseconds ?? calls * flops;
}

function hostTimes({ steps, milliseconds, device }: ProfiledWindow): HostTimes {
  const of = (what: HostSpan['what']): HostSpan[] => device.host.filter((span) => span.what === what);
  const submit = covered(of('submit'));
  const wait = covered(of('wait'));
  const launches = device.onHost ? device.launches.map(hostSpan) : [];
  const kernels = covered(launches);
  const inSteps = (spans: readonly Span[]): number =>
    covered(spans.filter(({ start }) => steps.some((step) => start >= step.start && start < endOf(step))));
  const encode = total(steps) - inSteps([...device.host, ...launches]);
  return { encode, submit, wait, kernels, other: milliseconds - encode - submit - wait - kernels };
}

type Span = Pick<HostSpan, 'start' | 'milliseconds'>;

function hostSpan({ start, milliseconds }: CountedLaunch): Span {
  return { start: start!, milliseconds: milliseconds! };
}

function endOf({ start, milliseconds }: Span): number {
  return start + milliseconds;
}

function total(spans: StepWindow['steps']): number {
  return spans.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}

/** Milliseconds covered by spans, which may overlap. */
export function covered(spans: readonly Span[]): number {
  let sum = 0;
  let until = -Infinity;
  for (const span of [...spans].sort((left, right) => left.start - right.start)) {
    sum += Math.max(0, endOf(span) - Math.max(until, span.start));
    until = Math.max(until, endOf(span));
  }
  return sum;
}
