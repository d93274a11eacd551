import type { Backend } from '../../backend/backend.ts';
import type { HostSpan, ProfiledLaunch } from '../../backend/profile.ts';
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
}

/** Where the window's time went on the host, in milliseconds; together it is the window's. */
export interface HostTimes {
  /** Making launches: the tape and the operations, or the replay, and the commands. */
  readonly encode: number;
  /** Handing them over. */
  readonly submit: number;
  /** Waiting for the device. */
  readonly wait: number;
  /** Running kernels itself: the CPU backend. */
  readonly kernels: number;
  /** Between steps: records, progress, the event loop. */
  readonly other: number;
}

/** A window of steps, as `profile.json` has it. */
export interface Profile {
  readonly device: string;
  readonly method: string;
  /** How far the device's clock may be off the host's, in milliseconds. */
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
  /** Steps after the window, without a profile; null where the epoch had none left. */
  readonly unprofiled: {
    readonly steps: number;
    readonly milliseconds: number;
    readonly host: number;
  } | null;
}

/** Adds up what a window's launches and spans come to. */
export function summarise(window: ProfiledWindow, { name, description }: Backend): Profile {
  const { steps, milliseconds, device, after } = window;
  return {
    device: `${name}: ${description}`,
    method: device.method,
    clockError: device.clockError,
    firstStep: steps[0]!.step,
    lastStep: steps.at(-1)!.step,
    steps: steps.length,
    milliseconds,
    host: hostTimes(window),
    kernels: kernelRows(device.launches),
    unprofiled: after
      ? { steps: after.steps.length, milliseconds: after.milliseconds, host: total(after.steps) }
      : null,
  };
}

/** Launches by kernel, variant and shape. */
export function kernelRows(launches: readonly ProfiledLaunch[]): KernelRow[] {
  const rows = new Map<string, KernelRow>();
  for (const { kernel, variant, shape, flops, bytes, milliseconds = null } of launches) {
    const key = JSON.stringify([kernel, variant, shape, flops, bytes]);
    const row = rows.get(key) ?? { kernel, variant, shape, calls: 0, flops, bytes, milliseconds: 0 };
    const sum = row.milliseconds === null || milliseconds === null ? null : row.milliseconds + milliseconds;
    rows.set(key, { ...row, calls: row.calls + 1, milliseconds: sum });
  }
  const weight = ({ milliseconds, calls, flops }: KernelRow): number => milliseconds ?? calls * flops;
  return [...rows.values()].sort((left, right) => weight(right) - weight(left));
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

function hostSpan({ start, milliseconds }: ProfiledLaunch): Span {
  return { start: start!, milliseconds: milliseconds! };
}

function endOf({ start, milliseconds }: Span): number {
  return start + milliseconds;
}

function total(spans: StepWindow['steps']): number {
  return spans.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}

/** Milliseconds that are covered by spans, which may overlap. */
export function covered(spans: readonly Span[]): number {
  let sum = 0;
  let until = -Infinity;
  for (const span of [...spans].sort((left, right) => left.start - right.start)) {
    sum += Math.max(0, endOf(span) - Math.max(until, span.start));
    until = Math.max(until, endOf(span));
  }
  return sum;
}
