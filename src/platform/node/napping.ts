import type { Wait } from '../platform.ts';

/** Milliseconds of the longest sleep. */
const LONGEST = 1;
/** The length of a sleep as a share of the time waited so far. No wait becomes longer by more than this. */
const SHARE = 0.1;

/** Nothing notifies it: `Atomics.wait` is JavaScript's way to sleep. */
const BELL = new Int32Array(new SharedArrayBuffer(4));

let waits = 0;
let since = 0;
let scheduled = false;

/**
 * Waits for a promise of Dawn's Node bindings in short sleeps. While a promise is pending, the bindings poll the device
 * at every turn of the event loop and keep a processor busy that a software driver needs: on two cores, training was
 * 1.4 times as fast with sleeps. Other work of the event loop is delayed by up to a millisecond.
 */
export const napping: Wait = async (promise) => {
  since = performance.now();
  waits++;
  schedule();
  try {
    return await promise;
  } finally {
    waits--;
  }
};

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(nap);
}

function nap(): void {
  scheduled = false;
  if (waits === 0) return;
  Atomics.wait(BELL, 0, 0, Math.min(LONGEST, SHARE * (performance.now() - since)));
  schedule();
}
