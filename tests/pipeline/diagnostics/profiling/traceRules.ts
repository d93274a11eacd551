import { expect } from 'vitest';
import type { Trace, TraceEvent } from '../../../../src/pipeline/diagnostics/profiling/trace.ts';

type Span = Extract<TraceEvent, { ph: 'X' }>;

/** Rounding of sums of microseconds. */
const SLACK = 1e-6;

/**
 * Checks a trace against the Trace Event Format: spans with times in microseconds that nest within their rows, and a
 * name for each row and process. Returns the spans.
 */
export function expectTrace(trace: Trace): Span[] {
  expect(trace.displayTimeUnit).toBe('ms');
  const spans = trace.traceEvents.filter((event) => event.ph === 'X');
  const rows = new Map<string, Span[]>();
  for (const span of spans) {
    expect(span.name).not.toBe('');
    expect(span.ts).toBeGreaterThanOrEqual(0);
    expect(span.dur).toBeGreaterThanOrEqual(0);
    expect(Number.isInteger(span.pid) && Number.isInteger(span.tid)).toBe(true);
    const key = `${span.pid} ${span.tid}`;
    rows.set(key, [...(rows.get(key) ?? []), span]);
  }
  for (const row of rows.values()) expectNested(row);
  const names = trace.traceEvents.filter((event) => event.ph === 'M');
  for (const key of rows.keys()) {
    const [pid, tid] = key.split(' ').map(Number);
    expect(names.filter((event) => event.name === 'process_name' && event.pid === pid)).toHaveLength(1);
    const own = names.filter(
      (event) => event.name === 'thread_name' && event.pid === pid && event.tid === tid,
    );
    expect(own).toHaveLength(1);
  }
  return spans;
}

function expectNested(row: readonly Span[]): void {
  const open: number[] = [];
  for (const { ts, dur } of [...row].sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    while (open.length > 0 && open.at(-1)! <= ts + SLACK) open.pop();
    if (open.length > 0) expect(ts + dur).toBeLessThanOrEqual(open.at(-1)! + SLACK);
    open.push(ts + dur);
  }
}
