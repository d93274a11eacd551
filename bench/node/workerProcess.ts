import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Entry } from '../contenders/list.ts';
import {
  accepted,
  type Action,
  type Answer,
  type Answers,
  ContenderError,
  type Request,
  type Worker,
} from '../protocol.ts';

export interface WorkerOptions {
  /** Python with PyTorch. */
  readonly python: string;
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const LINES_KEPT = 12;

/** A contender's process, asked by lines of JSON. */
export class WorkerProcess implements Worker {
  readonly entry: Entry;
  readonly #child: ChildProcess;
  readonly #complaints: string[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;
  #ended = false;

  constructor(entry: Entry, { python, environment }: WorkerOptions) {
    this.entry = entry;
    const [command, ...args] =
      entry.runtime === 'node'
        ? [process.execPath, '--import', 'tsx', 'bench/node/worker.ts', entry.name]
        : [python, 'bench/contenders/pytorch.py', entry.name];
    this.#child = spawn(command, args, {
      cwd: root,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...entry.environment, ...environment },
      // Ctrl-C reaches the suite alone, which then ends its workers.
      detached: true,
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#deliver(line));
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      this.#complaints.push(line);
      if (this.#complaints.length > LINES_KEPT) this.#complaints.shift();
    });
    this.#child.on('error', (error) => {
      this.#complaints.push(error.message);
      this.#end();
    });
    this.#child.on('close', () => this.#end());
    this.#child.stdin!.on('error', () => this.#end());
  }

  get ended(): boolean {
    return this.#ended;
  }

  async ask<A extends Action>(
    request: Extract<Request, { action: A }>,
    seconds: number,
  ): Promise<Answers[A]> {
    const line = await this.#line(JSON.stringify(request), seconds);
    return accepted(JSON.parse(line) as Answer<A>);
  }

  /** Ends the process. */
  stop(): Promise<void> {
    if (!this.#ended) this.#child.kill('SIGKILL');
    this.#end();
    return Promise.resolve();
  }

  async #line(request: string, seconds: number): Promise<string> {
    if (this.#ended) throw this.#gone();
    const line = await new Promise<string | undefined>((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new ContenderError(`took longer than ${seconds} s`));
        void this.stop();
      }, seconds * 1000);
      this.#waiting = (answer) => {
        clearTimeout(limit);
        resolve(answer);
      };
      this.#child.stdin!.write(`${request}\n`);
    });
    if (line === undefined) throw this.#gone();
    return line;
  }

  #deliver(line: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(line);
  }

  #end(): void {
    this.#ended = true;
    this.#deliver(undefined);
  }

  #gone(): ContenderError {
    const said = this.#complaints.filter((line) => line.trim() !== '').slice(-4);
    return new ContenderError(['its process ended', ...said].join(': '));
  }
}
