import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import { DeviceDataset } from '../../src/pipeline/data/loader.ts';
import { open } from '../../src/index.ts';
import { UnavailableError } from '../../src/serve/errors.ts';
import { Batcher } from '../../src/serve/inference/batcher.ts';
import { normalise } from '../../src/serve/inference/normalise.ts';
import { checkBatching } from './batchingSuite.ts';

test.each(['mlp', 'cnn'] as const)(
  '%s on the CPU: the same bits alone and in a batch',
  async (architecture) => {
    await checkBatching(await open('cpu'), architecture);
  },
);

test('pixels are normalised to the bit as in training', async () => {
  const device = await open('cpu');
  const images = Uint8Array.from({ length: 784 }, (_, at) => at % 256);
  const set = new DeviceDataset(
    device,
    { images, labels: new Uint8Array(1), count: 1 },
    FASHION_MNIST_DESCRIPTION,
  );
  const expected = await set.batch(set.order(Uint32Array.of(0)), 0, 1).images.data();
  const out = new Float32Array(784);
  normalise(images, { mean: 0.286, std: 0.353 }, out, 0);
  expect(out).toEqual(expected);
});

describe('batcher', () => {
  const options = { batchSize: 4, delay: 5, queueLimit: 8 };

  test('gathers what comes together, and answers in order', async () => {
    const sizes: number[] = [];
    const batcher = new Batcher<number, number>(
      () => async (batch) => {
        sizes.push(batch.length);
        return Promise.resolve(batch.map((image) => image * 10));
      },
      options,
    );
    const answers = await Promise.all([batcher.run([1]), batcher.run([2, 3]), batcher.run([4])]);
    expect(answers).toEqual([[10], [20, 30], [40]]);
    expect(sizes).toEqual([4]);
  });

  test('one model answers all images of a request, however many batches they take', async () => {
    let sessions = 0;
    const batcher = new Batcher<number, number>(() => {
      const session = ++sessions;
      return (batch) => Promise.resolve(batch.map(() => session));
    }, options);
    const answers = await Promise.all([batcher.run([0]), batcher.run([0, 0, 0, 0, 0, 0])]);
    for (const answer of answers) expect(new Set(answer).size).toBe(1);
  });

  test('refuses what does not fit into the queue, and drops what was given up', async () => {
    const seen: number[] = [];
    const batcher = new Batcher<number, number>(
      () => (batch) => {
        seen.push(...batch);
        return Promise.resolve([...batch]);
      },
      options,
    );
    const gone = new AbortController();
    const first = batcher.run([1], gone.signal);
    const second = batcher.run([2, 3]);
    await expect(batcher.run([4, 5, 6, 7, 8, 9])).rejects.toThrow(UnavailableError);
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(await second).toEqual([2, 3]);
    expect(seen).toEqual([2, 3]);
    expect(batcher.waiting).toBe(0);
  });

  test('takes as many as may wait, and not one more; what is computed does not wait', async () => {
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let reached!: () => void;
    const begun = new Promise<void>((resolve) => (reached = resolve));
    const batcher = new Batcher<number, number>(
      () => async (batch) => {
        reached();
        await gate;
        return [...batch];
      },
      { ...options, delay: 0 },
    );
    const first = batcher.run([0]);
    await begun;
    expect(batcher.waiting).toBe(0);
    const waiting = [batcher.run([1, 2, 3]), batcher.run([4, 5, 6, 7, 8])];
    expect(batcher.waiting).toBe(8);
    await expect(batcher.run([9])).rejects.toThrow(
      '8 images are waiting, and 1 more do not fit: at most 8 may wait',
    );
    expect(await batcher.run([])).toEqual([]);
    release();
    expect(await Promise.all([first, ...waiting])).toEqual([[0], [1, 2, 3], [4, 5, 6, 7, 8]]);
    expect(batcher.waiting).toBe(0);
  });

  test('a full batch starts at once, a smaller one after its delay, and a request is not divided for others', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const batches: number[][] = [];
    const done: [images: number, seconds: number][] = [];
    const batcher = new Batcher<number, number>(
      () => async (batch) => {
        batches.push([...batch]);
        await new Promise((resolve) => setTimeout(resolve, 250));
        return [...batch];
      },
      { ...options, delay: 1000, onBatch: (images, seconds) => done.push([images, seconds]) },
    );
    const full = [batcher.run([1, 2, 3]), batcher.run([4])];
    await vi.advanceTimersByTimeAsync(250);
    await Promise.all(full);
    expect(batches).toEqual([[1, 2, 3, 4]]);
    expect(done).toEqual([[4, 0.25]]);
    const small = batcher.run([5, 6]);
    await vi.advanceTimersByTimeAsync(999);
    expect(batches).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(batches).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(250);
    expect(await small).toEqual([5, 6]);
    // Three and two are more than four: the second request goes into the next batch, and a large one takes several.
    const others = [batcher.run([1, 2, 3]), batcher.run([4, 5]), batcher.run([6])];
    await vi.advanceTimersByTimeAsync(250 + 1000 + 250);
    await Promise.all(others);
    expect(batches.slice(2)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const large = batcher.run([1, 2, 3, 4, 5, 6, 7, 8]);
    await vi.advanceTimersByTimeAsync(2 * 250);
    await large;
    expect(batches.slice(4)).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    expect(done.map(([images]) => images)).toEqual([4, 2, 3, 3, 4, 4]);
  });

  test('a failure reaches those whose batch failed, and nobody else', async () => {
    const batcher = new Batcher<number, number>(
      () => (batch) =>
        batch.includes(13) ? Promise.reject(new Error('unlucky')) : Promise.resolve([...batch]),
      { ...options, delay: 0, batchSize: 1 },
    );
    const bad = batcher.run([13]);
    const good = batcher.run([7]);
    await expect(bad).rejects.toThrow('unlucky');
    expect(await good).toEqual([7]);
  });
});
