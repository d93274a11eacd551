import type { Answer, Request } from './worker/messages.ts';

/** A worker of the page, which trains, measures or classifies. */
export class PageWorker {
  readonly #worker = new Worker('page/worker.js', { type: 'module' });

  /**
   * @param received gets its answers
   * @param failed gets the error where its script fails, or does not load
   */
  listen(received: (answer: Answer) => void, failed: (error: Error) => void): void {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => received(data));
    this.#worker.addEventListener('error', ({ message }) => {
      // Where the script does not load, the event has no message, whatever its type says.
      failed(new Error(message || 'The worker does not start.'));
    });
  }

  send(request: Request): void {
    this.#worker.postMessage(request);
  }

  end(): void {
    this.#worker.terminate();
  }
}
