import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
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
import { CHROMIUM, CHROMIUM_FLAGS } from './chromium.ts';

const LINES_KEPT = 4;

/** A contender in a page of a Chromium of its own: a process for its GPU work, and one for the page. */
export class PageWorker implements Worker {
  readonly entry: Entry;
  readonly #complaints: string[] = [];
  readonly #page: Promise<Page>;
  #browser: Promise<Browser> | undefined;
  /** Ends the request that waits for its answer. */
  #giveUp: ((reason: ContenderError) => void) | undefined;
  #ended = false;

  constructor(entry: Entry, url: string) {
    this.entry = entry;
    this.#page = this.#open(url);
    this.#page.catch(() => undefined);
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
      const page = await this.#page;
      return await page.evaluate<Answer<A>>(`answer(${JSON.stringify(request)})`);
    } catch (error) {
      throw this.#gone((error as Error).message.split('\n')[0]);
    }
  }

  async #open(url: string): Promise<Page> {
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
    const session = await browser.newBrowserCDPSession();
    await page.exposeFunction('processorTime', () => processorTime(session));
    await page.goto(`${url}?${this.entry.name}`);
    await page.waitForFunction('globalThis.answer !== undefined');
    return page;
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
