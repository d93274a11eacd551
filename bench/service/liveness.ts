/** A thread that asks whether the service is alive, so that the load's own work does not count. */
import { Agent, get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { answerCalls } from '../../src/serve/threads/answerCalls.ts';

/** Milliseconds between two questions. */
const INTERVAL = 10;

let watching: Promise<number[]> | undefined;
let isOver = false;

const methods = {
  /** Asks for `/health/live` again and again until `stop` is called. */
  start(port: number): void {
    isOver = false;
    watching = watch(port);
  },

  /** The milliseconds that the answers took, sorted. */
  stop(): Promise<number[]> | undefined {
    isOver = true;
    return watching;
  },
};

export type LivenessMethods = typeof methods;

async function watch(port: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const times: number[] = [];
  const isAsked = (): boolean => !isOver;
  while (isAsked()) {
    times.push(await ask(port, agent));
    await wait(INTERVAL);
  }
  agent.destroy();
  return times.sort((a, b) => a - b);
}

function ask(port: number, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    get({ port, host: '127.0.0.1', path: '/health/live', agent }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(performance.now() - began));
    }).on('error', reject);
  });
}

answerCalls(methods);
