import type { Message, Program } from './messages.ts';

/** What a click on a button ends, where its block runs. */
const running = new WeakMap<HTMLButtonElement, () => void>();

/**
 * Makes the Run buttons of all pages work: a click runs the block, and what stands above it, in a worker; another stops it.
 *
 * @param library the address of the library as one file
 */
export function enableRunButtons(library: string): void {
  document.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button.run-button') : null;
    if (!(button instanceof HTMLButtonElement)) return;
    const stop = running.get(button);
    if (stop) stop();
    else start(button, library);
  });
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
  const end = (text: string): void => {
    worker.terminate();
    running.delete(button);
    button.textContent = 'Run';
    state.textContent = text;
  };
  running.set(button, () => end('Stopped.'));
  worker.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'line') print(data.text);
    else if (data.kind === 'done') end('Done.');
    else {
      print(data.text, 'run-error');
      end('Failed.');
    }
  };
  worker.onerror = ({ message }) => {
    print(message, 'run-error');
    end('Failed.');
  };
  output.replaceChildren();
  output.hidden = true;
  button.textContent = 'Stop';
  state.textContent = 'Running …';
  const parts = JSON.parse(decodeURIComponent(box.dataset['program']!)) as string[];
  worker.postMessage({ parts, library: new URL(library, location.href).href } satisfies Program);
}
