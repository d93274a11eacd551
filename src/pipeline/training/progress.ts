import { clearLine, cursorTo } from 'node:readline';
import { SingleBar } from 'cli-progress';
import { duration, percent, thousands } from '../text/numbers.ts';

export interface ProgressMetrics {
  readonly loss: number;
  /** From 0 to 1; of a classifier. */
  readonly accuracy?: number;
  readonly samplesPerSecond: number;
}

/** A display of how far a long operation is. */
export interface ProgressDisplay {
  update: (done: number, metrics: ProgressMetrics) => void;
  /** Prints a line that stays. */
  note: (line: string) => void;
  /** Ends the display. It must be called on every exit path, since the bar keeps a timer until then. */
  stop: () => void;
}

export interface ProgressOptions {
  /** The value of `done` at the end, in any unit. */
  readonly total: number;
  /** How much is to do after that, in the same unit; it counts for the time left. Default 0. */
  readonly later?: number;
  readonly label: string;
  /** Default: standard error, so that standard output stays free for results. */
  readonly stream?: Terminal;
}

type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/**
 * A progress display with loss, accuracy, samples a second and the time left: a bar on a terminal, shorter where that is
 * narrow, and plain lines elsewhere (a log file, CI), at most one every 10 seconds and one at the end.
 *
 * @example
 * const progress = createProgress({ total: steps, label: 'epoch 1/10' });
 * progress.update(50, { loss: 0.52, accuracy: 0.81, samplesPerSecond: 12000 });
 * progress.stop();
 */
export function createProgress({
  total,
  later = 0,
  label,
  stream = process.stderr,
}: ProgressOptions): ProgressDisplay {
  const timeLeft = timeLeftEstimator(total + later);
  return stream.isTTY ? bar(total, label, stream, timeLeft) : lines(total, label, stream, timeLeft);
}

function bar(total: number, label: string, stream: Terminal, timeLeft: TimeLeft): ProgressDisplay {
  const display = new SingleBar({
    stream,
    format: (_, { value }, { metrics, left }: { metrics?: ProgressMetrics; left?: string }) =>
      barText(label, value, total, metrics && { metrics, left }, stream.columns ?? 80),
    // So that the bar comes back after a note.
    forceRedraw: true,
  });
  display.start(total, 0, {});
  return {
    update: (done, metrics) => display.update(done, { metrics, left: timeLeft(done, metrics) }),
    note: (line) => {
      clearLine(stream, 0);
      cursorTo(stream, 0);
      stream.write(`${line}\n`);
    },
    stop: () => display.stop(),
  };
}

function lines(total: number, label: string, stream: Terminal, timeLeft: TimeLeft): ProgressDisplay {
  let nextAt = 0;
  let finished = false;
  return {
    update: (done, metrics) => {
      const left = timeLeft(done, metrics);
      if (finished || (done < total && performance.now() < nextAt)) return;
      nextAt = performance.now() + 10_000;
      finished = done >= total;
      stream.write(`${label}  ${percentOf(done, total)} ${done}/${total}  ${longState({ metrics, left })}\n`);
    },
    note: (line) => void stream.write(`${line}\n`),
    stop: () => undefined,
  };
}

interface State {
  readonly metrics: ProgressMetrics;
  /** Undefined where the pace is not known yet. */
  readonly left: string | undefined;
}

/** The longest of some forms that fits: narrow terminals get shorter names and a shorter bar. */
function barText(
  label: string,
  done: number,
  total: number,
  state: State | undefined,
  columns: number,
): string {
  const share = percentOf(done, total);
  const forms = [
    `${label} ${blocks(done, total, 20)} ${share} ${done}/${total}${state ? `  ${longState(state)}` : ''}`,
    ...[10, 5].map(
      (size) => `${label} ${blocks(done, total, size)} ${share}${state ? `  ${shortState(state)}` : ''}`,
    ),
    `${label} ${share}${state ? `  ${shortState(state)}` : ''}`,
  ];
  // The last column stays free: a full line would wrap.
  return forms.find(({ length }) => length < columns) ?? forms.at(-1)!.slice(0, Math.max(0, columns - 1));
}

function blocks(done: number, total: number, size: number): string {
  const full = total > 0 ? Math.min(size, Math.round((size * done) / total)) : size;
  return '█'.repeat(full) + '░'.repeat(size - full);
}

function percentOf(done: number, total: number): string {
  return `${total > 0 ? Math.floor((100 * done) / total) : 100}%`;
}

function longState({ metrics: { loss, accuracy, samplesPerSecond }, left }: State): string {
  const rate = thousands(Math.round(samplesPerSecond));
  const end = left === undefined ? '' : `  left ${left}`;
  const share = accuracy === undefined ? '' : `  accuracy ${percent(accuracy)}`;
  return `loss ${loss.toFixed(4)}${share}  ${rate} samples/s${end}`;
}

function shortState({ metrics: { loss, accuracy, samplesPerSecond }, left }: State): string {
  const rate = thousands(Math.round(samplesPerSecond));
  const end = left === undefined ? '' : `  left ${left}`;
  const share = accuracy === undefined ? '' : `  ${percent(accuracy)}`;
  return `loss ${loss.toFixed(4)}${share}  ${rate}/s${end}`;
}

type TimeLeft = (done: number, metrics: ProgressMetrics) => string | undefined;

/**
 * Estimates from the pace since the first update: neither compilation nor work before a resumption counts. At the first
 * update it takes the measured rate.
 *
 * @param end the value of `done` when everything is done
 */
function timeLeftEstimator(end: number): TimeLeft {
  let first: { readonly done: number; readonly at: number } | undefined;
  return (done, { samplesPerSecond }) => {
    first ??= { done, at: performance.now() };
    if (done >= end) return '0:00';
    const seconds = (performance.now() - first.at) / 1000;
    const pace = done > first.done ? (done - first.done) / seconds : samplesPerSecond;
    return pace > 0 && pace < Infinity ? duration((end - done) / pace) : undefined;
  };
}
