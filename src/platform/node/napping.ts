import type { Wait } from '../platform.ts';

/** Milliseconds of the longest nap. */
const LONGEST = 1;
/** A nap's share of the time waited so far: no wait becomes longer by more. */
const SHARE = 0.1;

/** Nobody rings it: `Atomics.wait` is how JavaScript sleeps. */
const BELL = new Int32Array(new SharedArrayBuffer(4));

let waits = 0;
let since = 0;
let scheduled = false;

/**
 * Waits for a promise of Dawn's Node bindings, with naps. While one is pending they ask the device at every turn of the
 * event loop, without a pause, and so keep a processor busy, which a software driver has better use for: on two cores,
 * training was 1.4 times as fast with naps. What else the event loop has to do comes up to a millisecond later.
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
