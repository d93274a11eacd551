import type { Entry } from '../contenders/list.ts';
import { accepted, type Action, type Answer, type Answers, type Request, type Worker } from '../protocol.ts';
import { LineProcess } from './lineProcess.ts';

export interface WorkerOptions {
  /** Python with PyTorch. */
  readonly python: string;
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A contender's process, asked by lines of JSON. */
export class WorkerProcess implements Worker {
  readonly entry: Entry;
  readonly #process: LineProcess;

  constructor(entry: Entry, { python, environment }: WorkerOptions) {
    this.entry = entry;
    const [command, ...args] =
      entry.runtime === 'node'
        ? ([process.execPath, '--import', 'tsx', 'bench/node/worker.ts', entry.name] as const)
        : ([python, 'bench/contenders/pytorch.py', entry.name] as const);
    this.#process = new LineProcess(command, args, { ...entry.environment, ...environment });
  }

  get ended(): boolean {
    return this.#process.ended;
  }

  async ask<A extends Action>(
    request: Extract<Request, { action: A }>,
    seconds: number,
  ): Promise<Answers[A]> {
    return accepted((await this.#process.ask(request, seconds)) as Answer<A>);
  }

  stop(): Promise<void> {
    this.#process.stop();
    return Promise.resolve();
  }
}
