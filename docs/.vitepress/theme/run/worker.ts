/** Runs a program of the guide, in a worker of its own. */
import { format } from './format.ts';
import type { Message, Program } from './messages.ts';

interface Scope {
  onmessage: ((event: { readonly data: Program }) => void) | null;
  postMessage(message: Message): void;
  addEventListener(type: 'unhandledrejection', listener: (event: { readonly reason: unknown }) => void): void;
}
const worker = globalThis as unknown as Scope;

/** The part that runs. */
let current = 0;
let last = 0;

/** Begins a part of the program; programs call it. */
Object.assign(globalThis, {
  beginPart: (part: number) => {
    current = part;
  },
});

/** The page would stand still under the lines of an endless loop, which leaves no pause to stop it in. */
const MOST_LINES = 1000;
const MOST_CHARACTERS = 10_000;
let lines = 0;

function print(...values: readonly unknown[]): void {
  if (current !== last || lines > MOST_LINES) return;
  lines++;
  const text = lines > MOST_LINES ? '… more lines' : shortened(values.map(format).join(' '));
  worker.postMessage({ kind: 'line', text });
}

function shortened(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)} …` : text;
}

Object.assign(console, { log: print, info: print, debug: print, warn: print, error: print });

worker.addEventListener('unhandledrejection', ({ reason }) => fail(reason));
worker.onmessage = ({ data }) => {
  run(data).then(() => worker.postMessage({ kind: 'done' }), fail);
};

async function run({ parts, library }: Program): Promise<void> {
  last = parts.length - 1;
  const code = parts.map((part, index) => `beginPart(${index});\n${part}`).join('\n');
  // A module of a blob imports by whole addresses only.
  const module = code.replaceAll(/(\bfrom\s*)"wgrad"/g, (_, from: string) => from + JSON.stringify(library));
  const url = URL.createObjectURL(new Blob([module], { type: 'text/javascript' }));
  await import(/* @vite-ignore */ url);
}

function fail(error: unknown): void {
  worker.postMessage({ kind: 'failed', text: String(error) });
}
