import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ContenderError } from '../protocol.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const LINES_KEPT = 12;

/** A process that answers every line on its standard input with a line. It runs in the repository's folder. */
export class LineProcess {
  readonly #child: ChildProcess;
  readonly #complaints: string[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;
  #ended = false;

  /** @param environment added to the environment */
  constructor(
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> | undefined,
  ) {
    this.#child = spawn(command, args, {
      cwd: root,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
      // Ctrl-C reaches the benchmark alone, which then ends its processes.
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

  /**
   * The answer to one line of JSON.
   *
   * @throws ContenderError if the process has ended, or takes too long; then it is stopped
   */
  async ask(request: unknown, seconds: number): Promise<unknown> {
    if (this.#ended) throw this.#gone();
    const line = await new Promise<string | undefined>((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new ContenderError(`took longer than ${seconds} s`));
        this.stop();
      }, seconds * 1000);
      this.#waiting = (answer) => {
        clearTimeout(limit);
        resolve(answer);
      };
      this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    });
    if (line === undefined) throw this.#gone();
    return JSON.parse(line);
  }

  /** Ends the process. */
  stop(): void {
    if (!this.#ended) this.#child.kill('SIGKILL');
    this.#end();
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
