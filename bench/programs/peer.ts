import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

/** Steps to make: so many, and as many more as fit into the time. */
export interface Request {
  readonly steps: number;
  readonly milliseconds: number;
}

export interface Answer {
  /** The device, or the library. */
  readonly description: string;
  readonly losses: number[];
  /** Of one step. */
  readonly milliseconds: number;
  /** Of one step, on all processors together. */
  readonly processorMilliseconds: number;
  /** The most memory that the process has had. */
  readonly peakBytes: number;
}

/** A process that runs a program, and is asked by lines of JSON. */
export class Peer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    const lines: Interface = createInterface({ input: this.#child.stdout! });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async ask(request: Request): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`${this.#child.spawnargs.join(' ')}: the process ended`);
    return JSON.parse(line.value) as Answer;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
