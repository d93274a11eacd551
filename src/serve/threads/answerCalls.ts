import { parentPort } from 'node:worker_threads';
import { type Call, type Outcome, plainError } from './calls.ts';

/** The functions that a thread offers. Arguments and results are copied between the threads. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Methods = Readonly<Record<string, (...args: any[]) => unknown>>;

/**
 * Answers the calls of the `Thread` that has started this one, in the order in which they come.
 *
 * @param close releases what would keep the thread alive
 */
export function answerCalls(methods: Methods, close: () => Promise<void> | void = () => undefined): void {
  const port = parentPort!;
  const answer = async ({ id, method, args }: Call): Promise<void> => {
    if (method === undefined) {
      await close();
      port.close();
      return;
    }
    let outcome: Outcome;
    try {
      outcome = { id, value: await methods[method]!(...args) };
    } catch (error) {
      outcome = { id, error: plainError(error) };
    }
    port.postMessage(outcome);
  };
  port.on('message', (call: Call) => void answer(call));
}
