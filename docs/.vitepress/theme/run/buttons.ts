import type { Message, Program } from './messages.ts';

/** A block's run. A finished one has its worker until the next run: timers of its program may print more. */
interface Run {
  finished: boolean;
  readonly end: (state: string) => void;
}
const runs = new Map<HTMLButtonElement, Run>();

/**
 * Makes the Run buttons of all pages work: a click runs the block, and what stands above it, in a worker; another stops it.
 *
 * @param library the address of the library as one file
 */
export function enableRunButtons(library: string): void {
  document.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button.run-button') : null;
    if (!(button instanceof HTMLButtonElement)) return;
    const run = runs.get(button);
    if (run && !run.finished) {
      run.end('Stopped.');
      return;
    }
    for (const other of runs.values()) if (other.finished) other.end('Done.');
    start(button, library);
  });
}

/** Ends the runs of a page that the reader leaves. */
export function stopRuns(): void {
  for (const run of runs.values()) run.end('Stopped.');
}

function start(button: HTMLButtonElement, library: string): void {
  const box = button.closest<HTMLElement>('.run')!;
  const state = box.querySelector<HTMLElement>('.run-state')!;
  const output = box.querySelector<HTMLElement>('.run-output')!;
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const print = (text: string, kind = ''): void => {
    const line = document.createElement('span');
    line.textContent = `${text}\n`;
    line.className = kind;
    output.append(line);
    output.hidden = false;
  };
  const show = (action: string, text: string): void => {
    button.textContent = action;
    state.textContent = text;
  };
  // Messages still arrive after a worker's end, maybe in the button's next run.
  const isCurrent = (): boolean => runs.get(button) === run;
  const end = (text: string): void => {
    if (!isCurrent()) return;
    worker.terminate();
    runs.delete(button);
    show('Run', text);
  };
  const fail = (text: string): void => {
    if (isCurrent()) print(text, 'run-error');
    end('Failed.');
  };
  const run: Run = { finished: false, end };
  runs.set(button, run);
  worker.onmessage = ({ data }: MessageEvent<Message>) => {
    if (!isCurrent()) return;
    if (data.kind === 'line') print(data.text);
    else if (data.kind === 'failed') fail(data.text);
    else {
      run.finished = true;
      show('Run', 'Done.');
    }
  };
  worker.onerror = ({ message }) => fail(message);
  output.replaceChildren();
  output.hidden = true;
  show('Stop', 'Running …');
  const parts = JSON.parse(decodeURIComponent(box.dataset['program']!)) as string[];
  worker.postMessage({ parts, library: new URL(library, location.href).href } satisfies Program);
}
