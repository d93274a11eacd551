import { setTimeout as sleep } from 'node:timers/promises';
import { percent } from '../../text/numbers.ts';
import { table } from '../../text/table.ts';
import type { JobStatus, SweepStatus } from './control.ts';

/** What `sweep status` shows. */
export interface StatusView {
  readonly sweeps: readonly SweepStatus[];
  readonly trials?: readonly JobStatus[];
}

const STATES = ['waiting', 'running', 'finished', 'failed', 'pruned', 'cancelled'] as const;

/** The view as tables. */
export function statusText(view: StatusView): string {
  // What is in Redis must not control the terminal.
  return tables(view).replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '�');
}

function tables({ sweeps, trials }: StatusView): string {
  if (sweeps.length === 0) return 'no sweeps';
  const rows = sweeps.map(({ sweep, label, trials, counts }) => [
    sweep,
    label,
    ...[trials, ...STATES.map((state) => counts[state])].map(String),
  ]);
  const overview = table(['sweep', 'label', 'trials', ...STATES], rows);
  if (!trials || trials.length === 0) return overview;
  const header = ['trial', 'state', 'worker', 'epoch', 'step', 'loss', 'accuracy', 'takeovers', 'overrides'];
  const reasons = trials.flatMap(({ trial, why }) =>
    why === undefined ? [] : [`\n${trial}:\n${why.replaceAll(/^/gm, '  ')}`],
  );
  return [overview, '', table(header, trials.map(row)), ...reasons].join('\n');
}

function row({ trial, state, worker, epoch, step, metrics, takeovers, overrides }: JobStatus): string[] {
  const { loss, accuracy } = metrics ?? {};
  return [
    trial,
    state,
    worker ?? '',
    String(epoch ?? ''),
    String(step ?? ''),
    typeof loss === 'number' ? loss.toFixed(4) : '',
    typeof accuracy === 'number' ? percent(accuracy) : '',
    String(takeovers),
    overrides.join(' '),
  ];
}

/** Shows a view again and again, in place on a terminal, until nothing waits or runs. */
export async function watchStatus(
  look: () => Promise<StatusView>,
  interval: number,
  signal: AbortSignal,
): Promise<void> {
  const { stdout } = process;
  for (;;) {
    const view = await look();
    const text = `${statusText(view)}\n`;
    // Home, the text with the rest of each line cleared, and the rest of the screen cleared.
    stdout.write(stdout.isTTY ? `\u001b[H${text.replaceAll('\n', '\u001b[K\n')}\u001b[J` : text);
    const isOver = view.sweeps.every(({ counts }) => counts.waiting + counts.running === 0);
    if (isOver || signal.aborted) return;
    await sleep(interval, undefined, { signal }).catch(() => undefined);
  }
}
