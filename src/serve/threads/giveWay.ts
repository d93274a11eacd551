import { setPriority } from 'node:os';

/** The nice value of threads that compute: three times less weight than that of the main thread. */
const NICE = 5;

/** Lets the main thread, which answers, go before this one. Only Linux has a priority for each thread. */
export function giveWay(): void {
  if (process.platform === 'linux') setPriority(NICE);
}
