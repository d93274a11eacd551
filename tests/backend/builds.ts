import { expect } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { openCpu } from '../../src/backend/cpu/cpu.ts';
import { manualSeed, scope, setDefaultDevice, type Tensor } from '../../src/index.ts';
import { enableRelaxedSimd } from '../relaxedSimd.ts';

export const reference: Backend = await openCpu({ reference: true });
enableRelaxedSimd();
/** Each build of the module, with one thread and with three. */
export const builds: [one: Backend, three: Backend][] = [];
for (const relaxedSimd of [false, true]) {
  builds.push([await openCpu({ relaxedSimd, threads: 1 }), await openCpu({ relaxedSimd, threads: 3 })]);
}

/** What `body` computes on a device from the same numbers. */
export async function on(device: Backend, body: () => Tensor): Promise<number[]> {
  setDefaultDevice(device);
  manualSeed(5);
  return [...(await scope(body).data())];
}

/** The numbers of WebAssembly lie within `tolerance` of the reference's, and threads change no bit. */
export async function expectAlike(body: () => Tensor, tolerance: number): Promise<void> {
  const expected = await on(reference, body);
  for (const [one, three] of builds) {
    const found = await on(one, body);
    const worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at]!)), 0);
    expect(found).toHaveLength(expected.length);
    expect(worst).toBeLessThanOrEqual(tolerance);
    for (let repetition = 0; repetition < 3; repetition++) expect(await on(three, body)).toEqual(found);
  }
}
