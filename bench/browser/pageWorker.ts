import { type Browser, type CDPSession, chromium, type Worker as WebWorker } from 'playwright-core';
import type { Entry } from '../contenders/list.ts';
import {
  accepted,
  type Action,
  type Answer,
  type Answers,
  ContenderError,
  type Elapsed,
  type Request,
  type Worker,
} from '../protocol.ts';
import { CHROMIUM, CHROMIUM_FLAGS } from './chromium.ts';

const LINES_KEPT = 4;

interface Opened {
  readonly worker: WebWorker;
  readonly session: CDPSession;
}

/** A contender in the Worker of a page, in a Chromium of its own. */
export class PageWorker implements Worker {
  readonly entry: Entry;
  readonly #complaints: string[] = [];
  readonly #opened: Promise<Opened>;
  #browser: Promise<Browser> | undefined;
  /** Ends the request that waits for its answer. */
  #giveUp: ((reason: ContenderError) => void) | undefined;
  #ended = false;

  constructor(entry: Entry, url: string) {
    this.entry = entry;
    this.#opened = this.#open(url);
    this.#opened.catch(() => undefined);
  }

  get ended(): boolean {
    return this.#ended;
  }

  async ask<A extends Action>(
    request: Extract<Request, { action: A }>,
    seconds: number,
  ): Promise<Answers[A]> {
    if (this.#ended) throw this.#gone();
    const limit = setTimeout(() => this.#end(`took longer than ${seconds} s`), seconds * 1000);
    try {
      const givenUp = new Promise<never>((_, reject) => (this.#giveUp = reject));
      return accepted(await Promise.race([this.#answer<A>(request), givenUp]));
    } finally {
      clearTimeout(limit);
    }
  }

  async stop(): Promise<void> {
    this.#end();
    await (await this.#browser?.catch(() => undefined))?.close();
  }

  async #answer<A extends Action>(request: Request): Promise<Answer<A>> {
    try {
      const { worker, session } = await this.#opened;
      const before = await processorTime(session);
      const answer = await worker.evaluate<Answer<A>>(`answer(${JSON.stringify(request)})`);
      if (request.action !== 'run' || 'error' in answer) return answer;
      const processorMilliseconds = (await processorTime(session)) - before;
      return { ...(answer as Elapsed), processorMilliseconds } as Answers[A];
    } catch (error) {
      throw this.#gone((error as Error).message.split('\n')[0]);
    }
  }

  async #open(url: string): Promise<Opened> {
    this.#browser = chromium.launch({
      executablePath: CHROMIUM,
      args: [...CHROMIUM_FLAGS],
      // The suite ends it.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    const browser = await this.#browser;
    browser.on('disconnected', () => this.#end());
    const page = await browser.newPage();
    page.on('crash', () => this.#end('its page crashed'));
    page.on('pageerror', (error) => this.#keep(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.#keep(message.text());
    });
    const [worker] = await Promise.all([page.waitForEvent('worker'), page.goto(`${url}?${this.entry.name}`)]);
    await page.evaluate('ready');
    return { worker, session: await browser.newBrowserCDPSession() };
  }

  #keep(line: string): void {
    this.#complaints.push(line);
    if (this.#complaints.length > LINES_KEPT) this.#complaints.shift();
  }

  #end(reason?: string): void {
    const giveUp = this.#giveUp;
    this.#ended = true;
    this.#giveUp = undefined;
    giveUp?.(reason === undefined ? this.#gone() : new ContenderError(reason));
    if (reason !== undefined) void this.stop();
  }

  #gone(reason: string = 'its browser ended'): ContenderError {
    return new ContenderError([reason, ...this.#complaints].join(': '));
  }
}

/** Milliseconds that all processes of a browser have computed. */
async function processorTime(session: CDPSession): Promise<number> {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return 1000 * processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}
