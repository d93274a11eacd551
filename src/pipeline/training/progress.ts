import { clearLine, cursorTo } from 'node:readline';
import { SingleBar } from 'cli-progress';
import { duration, percent, thousands } from '../text/numbers.ts';

export interface ProgressMetrics {
  readonly loss: number;
  /** From 0 to 1. */
  readonly accuracy: number;
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
  readonly label: string;
  /** Default: standard error, so that standard output stays free for results. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * A progress display with loss, accuracy, samples a second and the time left: a bar on a terminal, and plain lines
 * elsewhere (a log file, CI), at most one every 10 seconds and one at the end.
 *
 * @example
 * const progress = createProgress({ total: steps, label: 'epoch 1/10' });
 * progress.update(50, { loss: 0.52, accuracy: 0.81, samplesPerSecond: 12000 });
 * progress.stop();
 */
export function createProgress({ total, label, stream = process.stderr }: ProgressOptions): ProgressDisplay {
  return stream.isTTY ? bar(total, label, stream) : lines(total, label, stream);
}

function bar(total: number, label: string, stream: NodeJS.WritableStream): ProgressDisplay {
  const timeLeft = timeLeftEstimator(total);
  const display = new SingleBar({
    stream,
    format: `${label} {bar} {percentage}% {value}/{total}{state}`,
    barsize: 20,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    // So that the bar comes back after a note.
    forceRedraw: true,
  });
  display.start(total, 0, { state: '' });
  return {
    update: (done, metrics) => display.update(done, { state: `  ${state(metrics, timeLeft(done))}` }),
    note: (line) => {
      clearLine(stream, 0);
      cursorTo(stream, 0);
      stream.write(`${line}\n`);
    },
    stop: () => display.stop(),
  };
}

function lines(total: number, label: string, stream: NodeJS.WritableStream): ProgressDisplay {
  const timeLeft = timeLeftEstimator(total);
  let nextAt = 0;
  let finished = false;
  return {
    update: (done, metrics) => {
      const left = timeLeft(done);
      if (finished || (done < total && performance.now() < nextAt)) return;
      nextAt = performance.now() + 10_000;
      finished = done >= total;
      const percentage = total > 0 ? Math.floor((100 * done) / total) : 100;
      stream.write(`${label}  ${percentage}% ${done}/${total}  ${state(metrics, left)}\n`);
    },
    note: (line) => void stream.write(`${line}\n`),
    stop: () => undefined,
  };
}

function state({ loss, accuracy, samplesPerSecond }: ProgressMetrics, left: string): string {
  const rate = thousands(Math.round(samplesPerSecond));
  return `loss ${loss.toFixed(4)}  accuracy ${percent(accuracy)}  ${rate} samples/s  left ${left}`;
}

/** Estimates from the pace since the first update: neither compilation nor work before a resumption counts. */
function timeLeftEstimator(total: number): (done: number) => string {
  let first: { readonly done: number; readonly at: number } | undefined;
  return (done) => {
    first ??= { done, at: performance.now() };
    if (done >= total) return '0:00';
    if (done <= first.done) return '?';
    return duration(((performance.now() - first.at) / 1000) * ((total - done) / (done - first.done)));
  };
}
