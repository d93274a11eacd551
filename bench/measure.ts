import { median } from './statistics.ts';

/** What a measurement gave: medians over repetitions. */
export interface Timing {
  /** Microseconds of host time for one call, the device's work not counted: the median, and the least. */
  host: number;
  fastestHost: number;
  /** Microseconds for one call until the device has finished: the median. */
  total: number;
}

export interface MeasureOptions {
  /** Calls in one repetition. */
  calls: number;
  /** Waits until the device has finished. */
  settle: () => Promise<void>;
  repetitions?: number;
}

/**
 * Times `calls` calls of `body`, over and over: two repetitions to warm up, then those that count. On a machine
 * shared with others the fastest repetition says more of the code, the median more of the machine.
 */
export async function measure(body: () => void, options: MeasureOptions): Promise<Timing> {
  const { calls, settle, repetitions = 25 } = options;
  const host: number[] = [];
  const total: number[] = [];
  for (let repetition = -2; repetition < repetitions; repetition++) {
    await settle();
    const start = performance.now();
    for (let call = 0; call < calls; call++) body();
    const handedOver = performance.now();
    await settle();
    const end = performance.now();
    if (repetition < 0) continue;
    host.push(((handedOver - start) * 1000) / calls);
    total.push(((end - start) * 1000) / calls);
  }
  return { host: median(host), fastestHost: Math.min(...host), total: median(total) };
}
