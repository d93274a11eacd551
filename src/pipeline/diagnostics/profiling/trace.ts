import type { HostSpan } from '../../../backend/profile.ts';
import type { CountedLaunch } from '../../../diagnostics/costs/launchFacts.ts';
import type { ProfiledWindow } from './stepProfiler.ts';

/** An event of a trace: a span (X, times in microseconds), or a name for a row (M). */
export type TraceEvent =
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: string;
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly dur: number;
      readonly args: Readonly<Record<string, string | number>>;
    }
  | {
      readonly ph: 'M';
      readonly name: 'process_name' | 'thread_name';
      readonly pid: number;
      readonly tid: number;
      readonly args: { readonly name: string };
    };

export interface Trace {
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string | number>>;
  readonly traceEvents: readonly TraceEvent[];
}

/** A span of a row, in milliseconds. */
interface Bar {
  readonly name: string;
  readonly cat: string;
  readonly start: number;
  readonly milliseconds: number;
  readonly args: Readonly<Record<string, string | number>>;
}

/**
 * A window of steps in the Trace Event Format, which Perfetto and chrome://tracing show: one process for the host, with
 * its steps and what they hand over and wait for, one for the device, with its launches. Spans of a row lie apart or
 * within each other, as the format has it; where launches overlap, the device has several rows.
 *
 * @param device the device's name, for people
 * @see https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
export function traceOf(window: ProfiledWindow, device: string): Trace {
  const host = [
    ...window.steps.map((step) => stepBar(step, 'step')),
    ...window.device.host.map(hostBar),
    ...(window.after?.steps ?? []).map((step) => stepBar(step, 'step, not profiled')),
  ];
  const launches = window.device.launches.flatMap(launchBar);
  const origin = Math.min(...[...host, ...launches].map(({ start }) => start));
  return {
    displayTimeUnit: 'ms',
    otherData: { device, method: window.device.method, clockErrorMilliseconds: window.device.clockError },
    traceEvents: [
      ...processOf(1, 'host', 'steps', host, origin),
      ...processOf(2, device, 'launches', launches, origin),
    ],
  };
}

function stepBar({ step, start, milliseconds }: ProfiledWindow['steps'][number], name: string): Bar {
  return { name, cat: 'step', start, milliseconds, args: { step } };
}

function hostBar({ what, start, milliseconds }: HostSpan): Bar {
  return { name: what, cat: 'host', start, milliseconds, args: {} };
}

function launchBar({ start, milliseconds, kernel, variant, shape, flops, bytes }: CountedLaunch): Bar[] {
  if (start === undefined || milliseconds === undefined) return [];
  return [{ name: kernel, cat: 'kernel', start, milliseconds, args: { variant, shape, flops, bytes } }];
}

function processOf(
  pid: number,
  name: string,
  row: string,
  bars: readonly Bar[],
  origin: number,
): TraceEvent[] {
  const rows = rowsOf(bars);
  return [
    { ph: 'M', name: 'process_name', pid, tid: 0, args: { name } },
    ...rows.flatMap((own, index): TraceEvent[] => [
      {
        ph: 'M',
        name: 'thread_name',
        pid,
        tid: index + 1,
        args: { name: index === 0 ? row : `${row} ${index + 1}` },
      },
      ...own.map((bar): TraceEvent => {
        const ts = microseconds(bar.start - origin);
        // Both ends are rounded alike, so that what ends where another begins still does.
        const dur = microseconds(bar.start + bar.milliseconds - origin) - ts;
        return { ph: 'X', name: bar.name, cat: bar.cat, pid, tid: index + 1, ts, dur, args: bar.args };
      }),
    ]),
  ];
}

/** To the nanosecond. */
function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1e6) / 1000;
}

/** Bars in as few rows as will do, so that in each of them they lie apart or within each other. */
function rowsOf(bars: readonly Bar[]): Bar[][] {
  const rows: { bars: Bar[]; ends: number[] }[] = [];
  const sorted = [...bars].sort((a, b) => a.start - b.start || b.milliseconds - a.milliseconds);
  for (const bar of sorted) {
    const end = bar.start + bar.milliseconds;
    const fits = ({ ends }: { ends: number[] }): boolean => {
      while (ends.length > 0 && ends.at(-1)! <= bar.start) ends.pop();
      return ends.length === 0 || end <= ends.at(-1)!;
    };
    let row = rows.find(fits);
    if (!row) rows.push((row = { bars: [], ends: [] }));
    row.bars.push(bar);
    row.ends.push(end);
  }
  return rows.map((row) => row.bars);
}
