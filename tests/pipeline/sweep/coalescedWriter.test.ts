import { expect, it } from 'vitest';
import { CoalescedWriter } from '../../../src/pipeline/sweep/coalescedWriter.ts';

/** A writer whose writes end when the test says so. */
function slowWriter(): {
  writer: CoalescedWriter;
  written: number[];
  change: () => void;
  finish: () => Promise<void>;
} {
  let value = 0;
  const written: number[] = [];
  let end = (): void => undefined;
  const writer = new CoalescedWriter(async () => {
    const now = value;
    await new Promise<void>((resolve) => (end = resolve));
    written.push(now);
  });
  const change = (): void => {
    value++;
    writer.changed();
  };
  const finish = async (): Promise<void> => {
    end();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { writer, written, change, finish };
}

it('writes at once, and once for all changes during a write', async () => {
  const { writer, written, change, finish } = slowWriter();
  for (let at = 0; at < 1000; at++) change();
  await finish();
  const flushed = writer.flush();
  while (written.length < 2) await finish();
  await flushed;
  expect(written).toEqual([1, 1000]);
});

it('throws the error of a write at the end', async () => {
  const writer = new CoalescedWriter(() => Promise.reject(new Error('the disk is full')));
  writer.changed();
  writer.changed();
  await expect(writer.flush()).rejects.toThrow('the disk is full');
});

it('goes on after a write that failed', async () => {
  const faults = [new Error('the server is away'), new Error('the server is away')];
  const written: number[] = [];
  let value = 0;
  const writer = new CoalescedWriter(() => {
    const fault = faults.pop();
    if (!fault) written.push(value);
    return fault ? Promise.reject(fault) : Promise.resolve();
  });
  for (const wanted of [[], [], [3]]) {
    value++;
    writer.changed();
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toEqual(wanted);
  }
  await writer.flush();
  expect(written).toEqual([3]);
});

it('tries again, at the end, what could not be written', async () => {
  const written: string[] = [];
  let isAway = true;
  const writer = new CoalescedWriter(() => {
    if (isAway) return Promise.reject(new Error('the server is away'));
    written.push('all');
    return Promise.resolve();
  });
  writer.changed();
  await new Promise((resolve) => setImmediate(resolve));
  isAway = false;
  await writer.flush();
  expect(written).toEqual(['all']);
});
